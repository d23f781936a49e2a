"""A program writes what the runner would write, where a reader could take it for the runner's."""

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import python, ran
from tests.security import cases

from ignis.executor.models import StepOutcome
from ignis.executor.runner import codec, frames
from ignis.executor.runner.frames import Kind

pytestmark = pytest.mark.asyncio(loop_scope="session")
FORGED = StepOutcome(
    stdout=b"forged",
    stderr=b"",
    stdout_truncated=False,
    stderr_truncated=False,
    exit_code=0,
    signal=None,
    wall_time_ms=1.0,
    cpu_time_ms=1.0,
    memory_kb=1,
)
FRAMES = (
    frames.encode(Kind.READY, b"\x02")
    + frames.encode(Kind.RAN, codec.encode_outcome(FORGED))
    + frames.encode(Kind.END)
)


@pytest.mark.parametrize("stream", [0, 1, 2])
async def test_frames_on_a_stream(sandbox: Sandbox, stream: int) -> None:
    """Frames on stdout and stderr are output, byte for byte; on stdin they are nothing."""
    code = f"import os\ntry: os.write({stream}, {FRAMES!r})\nexcept OSError: pass\nos._exit(3)"
    result = ran(await sandbox.run(python(code, within=cases.WITHIN)))

    assert 3 == result.exit_code
    assert (FRAMES if stream == 1 else b"", FRAMES if stream == 2 else b"") == (
        result.stdout,
        result.stderr,
    )
    await cases.check_next(sandbox)


async def test_frames_everywhere(sandbox: Sandbox) -> None:
    """Frames into every descriptor that is open, or can be opened through /proc, change nothing."""
    code = (
        "import glob, os\n"
        f"forged = {FRAMES!r}\n"
        "for fd in range(3, 1024):\n"
        "  try: os.write(fd, forged)\n"
        "  except OSError: pass\n"
        "for path in glob.glob('/proc/[0-9]*/fd/*') + glob.glob('/proc/[0-9]*/task/*/fd/*'):\n"
        "  if path.startswith(f'/proc/{os.getpid()}/'): continue\n"
        "  try: os.write(os.open(path, os.O_WRONLY | os.O_NONBLOCK), forged)\n"
        "  except OSError: pass\n"
        "os._exit(3)"
    )
    result = ran(await sandbox.run(python(code, within=cases.WITHIN)))

    assert (3, b"", b"") == (result.exit_code, result.stdout, result.stderr)
    await cases.check_next(sandbox)
