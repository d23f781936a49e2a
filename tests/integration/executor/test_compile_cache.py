"""A program that was compiled before is not compiled again, by an executor with either sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.executor.process import PATIENCE, message, ran, running, without_go
from tests.integration.executor.sandbox import engines
from tests.integration.services import Service
from tests.servers import Server

from ignis.events.connection import Nats
from ignis.v1 import events_pb2

# A compiler that never makes the same thing twice: what is the same was not compiled again.
LANGUAGE = """
id = "lang"
name = "Lang"
file = "main.lang"
[toolchain]
program = "sh"
version = ["sh", "-c", "echo Lang {version}"]
pattern = 'Lang (\\S+)'
[compile]
command = ["sh", "-c", '''
cat "$1" /proc/sys/kernel/random/uuid > "$0"; echo told; echo warned >&2
''', "{{artefact}}", "{{file}}", "{{compile_args}}"]
[run]
command = ["sed", "s/nothing/nothing/", "{{artefact}}"]
[test]
code = "x"
stdout = "x"
"""
# A self-test has one output: this is it.
TESTED = LANGUAGE.replace(
    'cat "$1" /proc', 'test "$(cat "$1")" != x || exec cp "$1" "$0"; cat /proc'
)


@contextmanager
def executor(
    folder: Path, nats: Server, driver: str, version: str = "1.0", **env: str
) -> Iterator[Service]:
    """An executor that has the language in a version."""
    languages = folder / "languages"
    languages.mkdir(exist_ok=True)
    (languages / "lang.toml").write_text(TESTED.format(version=version))
    env |= without_go(folder) | {"LANGUAGES_DIR": str(languages), "IGNIS_SANDBOX": driver}
    if driver == "docker":
        engines.skip_without()
        env |= engines.settings()
    with running(folder, nats.url, **env) as service:
        service.wait_for(200, PATIENCE)
        yield service


async def result(
    linked: Nats, code: str = "y", owner: str = "user_1", *args: str
) -> events_pb2.JobResult:
    """What a job did."""
    job = message(code, "lang", compile_args=list(args))
    job.owner = owner
    event = await ran(linked, job)
    assert event.ended.verdict == "accepted"
    return event.ended.result


def counted(service: Service) -> dict[str, float]:
    """The cache's metrics."""
    lines = (line.rsplit(" ", 1) for line in service.metrics().splitlines())
    name = "ignis_executor_compile_cache_"
    return {key.removeprefix(name): float(n) for key, n in lines if key.startswith(name)}


@pytest.mark.parametrize("driver", ["namespace", "docker"])
async def test_compiled_once(tmp_path: Path, nats: Server, connected: Nats, driver: str) -> None:
    """The same inputs run the same artefact, also after a restart; any other input compiles."""
    with executor(tmp_path, nats, driver) as service:
        first, again = await result(connected), await result(connected)
        others = [
            await result(connected, "z"),
            await result(connected, "y", "user_2"),
            await result(connected, "y", "user_1", "-O3"),
        ]
        numbers = counted(service)
    with executor(tmp_path, nats, driver):
        restarted = await result(connected)
    with executor(tmp_path, nats, driver, version="1.1"):
        upgraded = await result(connected)

    assert (first.stdout, first.stdout) == (again.stdout, restarted.stdout)
    assert [False, True, True] == [one.compile.cached for one in (first, again, restarted)]
    told = [
        (one.compile.stdout, one.compile.stderr, one.compile.duration_ms) for one in (first, again)
    ]
    assert told[0] == told[1]
    assert (b"told\n", b"warned\n") == told[0][:2]
    assert 5 == len({one.stdout for one in (first, upgraded, *others)})
    assert {False} == {one.compile.cached for one in (upgraded, *others)}
    assert (1, 4, 0) == (
        numbers['total{result="hit"}'],
        numbers['total{result="miss"}'],
        numbers["evictions_total"],
    )
    assert numbers["bytes"] > 0


async def test_owners_share(tmp_path: Path, nats: Server, connected: Nats) -> None:
    """Where the operator says so, one user's job runs what was compiled for another's."""
    with executor(tmp_path, nats, "namespace", EXECUTOR_COMPILE_CACHE_SHARED="1"):
        one, other = await result(connected), await result(connected, "y", "user_2")

    assert (one.stdout, True) == (other.stdout, other.compile.cached)


async def test_without_a_cache(tmp_path: Path, nats: Server, connected: Nats) -> None:
    """0 megabytes keep nothing, in no folder."""
    with executor(tmp_path, nats, "namespace", EXECUTOR_COMPILE_CACHE_MB="0") as service:
        one, other = await result(connected), await result(connected)
        assert {} == counted(service)

    assert one.stdout != other.stdout
    assert not (tmp_path / "data" / "compiled").exists()
