"""The gateway's configuration, built from the contract; nothing here runs at request time."""
