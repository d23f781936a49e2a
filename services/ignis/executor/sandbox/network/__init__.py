"""The network of programs that may use one: what they never reach, whatever the driver."""
