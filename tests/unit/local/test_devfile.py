"""`dev.json` has what programs look for."""

import json
from pathlib import Path

from ignis.local.devfile import DevFile, ServiceEntry


def _dev_file() -> DevFile:
    entry = ServiceEntry(7, "127.0.0.1:10001", "http://127.0.0.1:10002/metrics")
    return DevFile(
        base_url="http://127.0.0.1:8080",
        grpc_address="127.0.0.1:8080",
        api_key="ign_x",
        user_token="eyJ",
        database_url="postgresql://ignis:hidden@127.0.0.1:1/ignis",
        nats_url="nats://ignis:hidden@127.0.0.1:2",
        redis_url="redis://:hidden@127.0.0.1:3/0",
        services=dict.fromkeys(("auth", "job", "executor", "webhook"), entry),
    )


def test_the_file_is_complete_and_private(tmp_path: Path) -> None:
    """Every documented field is there, for the owner alone."""
    path = tmp_path / "dev.json"

    _dev_file().write(path)

    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == [
        "base_url",
        "grpc_address",
        "api_key",
        "user_token",
        "database_url",
        "nats_url",
        "redis_url",
        "services",
    ]
    assert content["services"]["webhook"] == {
        "pid": 7,
        "grpc_address": "127.0.0.1:10001",
        "metrics_url": "http://127.0.0.1:10002/metrics",
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_secrets_are_not_shown() -> None:
    """Its repr, which a log could catch, has no secret in it."""
    shown = repr(_dev_file())

    assert [secret for secret in ("ign_x", "eyJ", "hidden") if secret in shown] == []
