"""Input and output never block a job, and stop at their caps."""

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, limits, python, ran

from ignis.executor.models import Limit

pytestmark = pytest.mark.asyncio(loop_scope="module")
MIB = 1024 * 1024


async def test_stdin(sandbox: Sandbox) -> None:
    """A program reads its input to the end."""
    result = ran(await sandbox.run(command("cat", stdin=b"a\0\xffb")))

    assert b"a\0\xffb" == result.stdout


async def test_long_stdin(sandbox: Sandbox) -> None:
    """1 MiB of input passes while as much output is read."""
    data = bytes(range(256)) * (MIB // 256)
    result = ran(await sandbox.run(command("cat", stdin=data, within=limits(output_bytes=MIB))))

    assert data == result.stdout
    assert (0, None) == (result.exit_code, result.limit)


@pytest.mark.parametrize("code", ["pass", "import os, time; os.close(0); time.sleep(0.2)"])
async def test_stdin_that_nobody_reads(sandbox: Sandbox, code: str) -> None:
    """Input that is never read, or closed, holds nothing up."""
    result = ran(await sandbox.run(python(code, stdin=bytes(MIB))))

    assert (0, None) == (result.exit_code, result.limit)
    assert result.wall_time_ms < 5000


async def test_no_stdin(sandbox: Sandbox) -> None:
    """Without input a program sees the end at once."""
    result = ran(await sandbox.run(python("import sys; print(repr(sys.stdin.read()))")))

    assert b"''\n" == result.stdout


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_flood(sandbox: Sandbox, stream: str) -> None:
    """Output over its cap ends the program, and the first bytes are kept."""
    code = f"import sys\nwhile True: sys.{stream}.write('0123456789' * 1000)"
    result = ran(await sandbox.run(python(code, within=limits(output_bytes=10_005))))

    assert Limit.OUTPUT is result.limit
    assert b"0123456789" * 1000 + b"01234" == getattr(result, stream)
    assert (stream == "stdout", stream == "stderr") == (
        result.stdout_truncated,
        result.stderr_truncated,
    )


async def test_output_at_its_cap(sandbox: Sandbox) -> None:
    """Exactly as many bytes as the cap are no flood; one more is, even at a clean end."""
    for extra, limit in ((0, None), (1, Limit.OUTPUT)):
        code = f"print('x' * {1000 + extra}, end='')"
        result = ran(await sandbox.run(python(code, within=limits(output_bytes=1000))))

        assert (b"x" * 1000, bool(extra), limit) == (
            result.stdout,
            result.stdout_truncated,
            result.limit,
        )


async def test_output_before_a_limit(sandbox: Sandbox) -> None:
    """What was printed before a limit struck is kept."""
    code = "print('before', flush=True)\nwhile True: pass"
    result = ran(await sandbox.run(python(code, within=limits(wall_time_ms=500))))

    assert (b"before\n", Limit.WALL_TIME) == (result.stdout, result.limit)


async def test_background_holder(sandbox: Sandbox) -> None:
    """A background process that holds the output open doesn't stretch the job."""
    code = "import os, time\nif os.fork() == 0:\n os.setsid()\n time.sleep(60)\nprint('done')"
    result = ran(await sandbox.run(python(code)))

    assert (b"done\n", 0, None) == (result.stdout, result.exit_code, result.limit)
    assert result.wall_time_ms < 5000
