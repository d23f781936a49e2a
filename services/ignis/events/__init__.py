"""NATS JetStream: subjects, streams, publishing and consuming."""
