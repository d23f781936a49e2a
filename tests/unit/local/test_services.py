"""Each service gets what it needs, and no more."""

from pathlib import Path

import pytest

from ignis.local.backing import Backing
from ignis.local.postgres import Database
from ignis.local.services import Service, common_environment, environment
from ignis.local.settings import LocalSettings

BACKING = Backing(
    Database("127.0.0.1", 15432, "ignis", "ignis", "db-secret"),
    "nats://ignis:nats-secret@127.0.0.1:14222",
    "redis://:redis-secret@127.0.0.1:16379/0",
)


def _environment(room: str, **more: str) -> dict[str, str]:
    settings = LocalSettings.model_validate(
        {"clerk_secret_key": "sk_test", "ignis_data_dir": "/data"}
    )
    values = common_environment(settings, BACKING, Path("/go/bin"))
    return environment(Service(room, 10_001, 10_002), {"PATH": "/bin"}, {**values, **more})


def test_addresses_are_the_services_own() -> None:
    """Ports that the caller set can't be four services' at once."""
    given = _environment("job", GRPC_PORT="50051", METRICS_HOST="0.0.0.0")

    assert given["GRPC_HOST"] == given["METRICS_HOST"] == "127.0.0.1"
    assert (given["GRPC_PORT"], given["METRICS_PORT"]) == ("10001", "10002")
    assert given["PATH"] == "/bin"


@pytest.mark.parametrize(
    ("room", "secrets"),
    [
        ("auth", {"db-secret", "redis-secret", "nats-secret", "sk_test"}),
        ("job", {"db-secret", "redis-secret", "nats-secret"}),
        ("webhook", {"db-secret", "nats-secret"}),
        ("executor", {"nats-secret"}),
    ],
)
def test_secrets_go_to_those_who_use_them(room: str, secrets: set[str]) -> None:
    """No service holds a credential of a server that it doesn't use."""
    text = " ".join(_environment(room).values())

    every = {"db-secret", "redis-secret", "nats-secret", "sk_test"}
    assert secrets == {secret for secret in every if secret in text}


def test_the_executor_finds_its_toolchain_and_its_folder() -> None:
    """Where Go is and where caches go, unless the caller says otherwise."""
    own = _environment("executor")
    chosen = _environment("executor", EXECUTOR_DATA_DIR="/cache", EXECUTOR_SLOTS="3")

    assert own["EXECUTOR_TOOLCHAIN_PATH"] == "/go/bin"
    assert own["EXECUTOR_DATA_DIR"] == "/data/executor"
    assert own["EXECUTOR_ADDRESS"] == "127.0.0.1:10001"
    assert (chosen["EXECUTOR_DATA_DIR"], chosen["EXECUTOR_SLOTS"]) == ("/cache", "3")
    assert "EXECUTOR_SLOTS" not in _environment("job", EXECUTOR_SLOTS="3")


def test_a_service_is_told_about_in_full() -> None:
    """`dev.json` has its process and both of its addresses."""
    entry = Service("auth", 10_001, 10_002).entry(42)

    assert entry.pid == 42
    assert entry.grpc_address == "127.0.0.1:10001"
    assert entry.metrics_url == "http://127.0.0.1:10002/metrics"
