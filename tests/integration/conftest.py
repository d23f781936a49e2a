"""The servers that integration tests share: one of each per pytest worker."""

from tests.servers import nats_fixture, postgres_fixture, valkey_fixture

__all__ = ["nats_fixture", "postgres_fixture", "valkey_fixture"]
