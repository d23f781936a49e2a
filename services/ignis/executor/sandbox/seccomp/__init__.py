"""The filter of system calls that a sandbox's processes live under."""
