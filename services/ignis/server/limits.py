"""Sizes that several services have to agree on."""

MAX_MESSAGE = 8 * 1024 * 1024  # bytes of a message, over gRPC and over NATS
# Bytes of a request's metadata: the gateway lets 60 KiB of headers pass and adds its own, and
# gRPC counts some bytes more for each.
MAX_METADATA = 256 * 1024
