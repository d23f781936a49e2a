"""What every service starts with: settings, logs, metrics, health, lifecycle."""
