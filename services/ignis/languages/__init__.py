"""The languages: one TOML file each, and the loader."""
