"""The limits that several parts of the gateway's configuration name."""

# JSON or gRPC, before transcoding.
MAX_BODY_BYTES = 6 * 1024 * 1024
MAX_HEADERS_KIB = 60
