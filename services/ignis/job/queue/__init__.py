"""The queue of record: whose turn it is, and that nothing is forgotten."""
