"""Settings come from the environment and `.env`, and say clearly what is wrong."""

from pathlib import Path

import pytest

from ignis.local.settings import LocalSettings, documented, given, passed_on, surroundings
from ignis.server.settings import Environment, load


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out."""
    monkeypatch.chdir(tmp_path)
    for name in LocalSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_are_a_development_stack_of_its_own() -> None:
    """With nothing set, the stack is in development, on 8080, and starts every server."""
    settings = load(LocalSettings)

    assert settings.app_env == Environment.DEVELOPMENT
    assert settings.port == 8080
    assert Path.cwd() / ".ignis" == settings.ignis_data_dir
    assert (settings.db_host, settings.nats_url, settings.redis_url) == (None, None, None)
    assert settings.own_issuer


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that both set has the environment's value; others have the file's."""
    Path(".env").write_text("PORT=9001\nLOG_LEVEL=DEBUG\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9002")

    settings = load(LocalSettings)

    assert (settings.port, settings.log_level) == (9002, "DEBUG")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("LISTEN_HOST", "localhost"),
        ("LOG_LEVEL", "loud"),
        ("APP_ENV", "staging"),
        ("CORS_ORIGIN", "]==]"),
    ],
)
def test_a_bad_value_is_one_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that can't be used ends the start with one line that names the variable."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        load(LocalSettings)

    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert len(lines) == 1
    assert f"ignis: {name}: " in lines[0]


def test_production_needs_clerk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In production, with neither of Clerk's keys, the stack refuses in one line."""
    monkeypatch.setenv("APP_ENV", "production")

    with pytest.raises(SystemExit):
        load(LocalSettings)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "CLERK_SECRET_KEY or CLERK_JWT_KEY" in lines[0]


def test_a_clerk_key_replaces_the_own_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Clerk is set up, the stack signs no sessions, in development either."""
    monkeypatch.setenv("CLERK_SECRET_KEY", "sk_test_secret")

    settings = load(LocalSettings)

    assert not settings.own_issuer
    assert settings.clerk() == {"CLERK_SECRET_KEY": "sk_test_secret"}
    assert "sk_test_secret" not in repr(settings)


@pytest.mark.parametrize(
    ("listen", "reach"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.1.2.3",) * 2],
)
def test_the_reachable_host_is_loopback_where_all_is_open(
    listen: str, reach: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that listens everywhere is reached over loopback."""
    monkeypatch.setenv("LISTEN_HOST", listen)

    assert reach == load(LocalSettings).reachable_host


def test_services_get_their_own_settings_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documented variables that the stack doesn't handle itself are passed on, from both places."""
    Path(".env").write_text("EXECUTOR_SLOTS=3\nSTRANGE=1\n", encoding="utf-8")
    Path("env.example").write_text("# A pool.\n# EXECUTOR_SLOTS=0\nPORT=8080\n#DB_POOL_MAX=8\n")
    monkeypatch.setenv("DB_POOL_MAX", "5")
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")

    names = documented(Path("env.example"))

    assert {"EXECUTOR_SLOTS", "PORT", "DB_POOL_MAX"} == names
    assert passed_on(given(), names) == {"EXECUTOR_SLOTS": "3", "DB_POOL_MAX": "5"}
    assert "AWS_SECRET_ACCESS_KEY" not in surroundings()
