"""The languages beside Python and Go, in both sandboxes, wherever their toolchain is there."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.executor.process import (
    PATIENCE,
    announced,
    end_of,
    message,
    post,
    running,
    without_go,
)
from tests.integration.executor.sandbox import engines
from tests.integration.services import Service
from tests.servers import Server

from ignis.events import connection
from ignis.events.connection import Nats
from ignis.v1 import events_pb2

C = """#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) {
    char line[9] = "";
    fgets(line, 9, stdin);
    printf("%s %s %.0f\\n", line, argv[1], sqrt(argc * 8.0));
    return 3;
}
"""
BASH = 'read -r line\necho "$line $1 4"\nexit 3\n'
NODE = """const line = require("fs").readFileSync(0, "utf8").trim();
console.log(line, process.argv[2], 4);
process.exitCode = 3;
"""
PROGRAMS = {"c": C, "bash": BASH, "javascript": NODE}
WRONG = {"c": "int main(void) { return x; }\n", "bash": "if\n", "javascript": "let let\n"}
BUILT = ("c",)


@pytest.fixture(scope="module", name="driver", params=["namespace", "docker"])
def driver_fixture(request: pytest.FixtureRequest) -> str:
    """How programs are isolated; a pool has the same name."""
    driver: str = request.param
    return driver


@pytest.fixture(scope="module", name="service")
def service_fixture(
    tmp_path_factory: pytest.TempPathFactory, nats: Server, driver: str
) -> Iterator[Service]:
    """One executor of each kind for all tests of this file."""
    folder = tmp_path_factory.mktemp("executor")
    env = without_go(folder) | {"IGNIS_SANDBOX": driver, "EXECUTOR_POOL": driver}
    if driver == "docker":
        engines.skip_without()
        env |= engines.settings()
    with running(folder, nats.url, **env) as service:
        service.wait_for(200, PATIENCE)
        yield service


@pytest.fixture(name="linked")
async def linked_fixture(service: Service, nats: Server) -> AsyncIterator[Nats]:
    """A connection to the NATS server that the executor pulls from."""
    assert service.process.poll() is None
    async with connection.connect(nats.url, "test") as linked:
        yield linked


async def offered(linked: Nats, driver: str) -> set[str]:
    """Return the languages of an executor of this kind, once it has announced itself."""
    while not (offers := [one for one in await announced(linked) if one.pool == driver]):  # noqa: ASYNC110 - not ours
        await asyncio.sleep(0.1)
    return {offer.id for one in offers for offer in one.languages}


async def ended(
    linked: Nats, driver: str, code: str, language: str, **fields: bytes | list[str]
) -> events_pb2.JobEnded:
    """Run a job in a language; skips where no executor of this kind has it."""
    if language not in await offered(linked, driver):
        engines.skip(f"no toolchain for {language}")
    job = message(code, language, **fields)
    await post(linked, job, driver)
    return (await end_of(linked, job.job_id)).ended


@pytest.mark.parametrize("language", PROGRAMS)
async def test_a_program(linked: Nats, driver: str, language: str) -> None:
    """It reads its stdin and arguments, writes, and ends with its own exit code."""
    told = await ended(linked, driver, PROGRAMS[language], language, stdin=b"in", args=["arg"])

    assert ("runtime_error", b"in arg 4\n", b"", 3) == (
        told.verdict,
        told.result.stdout,
        told.result.stderr,
        told.result.exit_code,
    )


@pytest.mark.parametrize("language", WRONG)
async def test_a_program_that_is_none(linked: Nats, driver: str, language: str) -> None:
    """Where there is a compiler it says what is wrong, else the interpreter does."""
    told = await ended(linked, driver, WRONG[language], language)
    built = language in BUILT

    assert ("compile_error" if built else "runtime_error") == told.verdict
    assert (told.result.compile.stderr if built else told.result.stderr) != b""
    assert told.result.HasField("exit_code") == (not built)


async def test_compiler_arguments(linked: Nats, driver: str) -> None:
    """Arguments for the compiler reach it; what it warns of comes back with a good program."""
    code = "int main(void) { int unused; return VALUE; }\n"
    wanted = ["-DVALUE=7", "-Wall"]
    told = await ended(linked, driver, code, "c", compile_args=wanted)
    again = await ended(linked, driver, code, "c", compile_args=wanted)
    other = await ended(linked, driver, code, "c", compile_args=["-DVALUE=8", "-Wall"])

    assert [7, 7, 8] == [one.result.exit_code for one in (told, again, other)]
    assert b"unused" in told.result.compile.stderr
    assert told.result.compile.stderr == again.result.compile.stderr
    assert [False, True, False] == [one.result.compile.cached for one in (told, again, other)]


async def test_several_files(linked: Nats, driver: str) -> None:
    """All sources are compiled together, and find their headers."""
    job = message('#include "two.h"\nint main(void) { return two(); }\n', "c")
    job.spec.files.add(name="two.c", content=b'#include "two.h"\nint two(void) { return 2; }\n')
    job.spec.files.add(name="two.h", content=b"int two(void);\n")
    await ended(linked, driver, "int main(void) {}", "c")  # skips where there is no compiler
    await post(linked, job, driver)

    assert 2 == (await end_of(linked, job.job_id)).ended.result.exit_code
