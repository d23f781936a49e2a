"""Sizes that several services have to agree on."""

MAX_MESSAGE = 8 * 1024 * 1024  # bytes of a message, over gRPC and over NATS
