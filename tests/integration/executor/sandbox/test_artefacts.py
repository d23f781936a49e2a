"""What a compile step leaves is kept, and put into another sandbox as it was."""

from dataclasses import replace

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import LIMITS, command, ran

from ignis.executor.models import Outcome, Step, StepOutcome
from ignis.executor.sandbox.errors import SandboxError

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST = 1 << 20
# A folder's own time is that of its making.
LIST = (
    "find . -mindepth 1 -type d -exec stat -c '%n %F %a' {} + | sort;"
    "find . -type f -exec stat -c '%n %F %a %s %Y' {} + | sort;"
    "find . -type f -exec sha256sum {} + | sort"
)


async def kept(
    sandbox: Sandbox, script: str, most: int = MOST, run: str = "true"
) -> tuple[Outcome, bytes]:
    """Compile by a script; returns the outcome, and what was kept."""
    told: list[tuple[StepOutcome, bytes]] = []
    make = Step(("python3", "-c", script), {}, LIMITS)
    program = command("sh", "-c", run, files={"a.src": b"source"}, compiled_by=make)
    outcome = await sandbox.run(
        replace(program, keep_bytes=most, kept=lambda *what: told.append(what))
    )
    [(compiled, artefact)] = told
    assert compiled == outcome.compile
    assert 0 == compiled.exit_code, compiled
    return outcome, artefact


async def restored(sandbox: Sandbox, artefact: bytes, run: str) -> StepOutcome:
    """Run a line of shell where an artefact was put."""
    return ran(await sandbox.run(replace(command("sh", "-c", run), artefact=artefact)))


async def test_the_same_again(sandbox: Sandbox) -> None:
    """Every file and folder is there again: content, permissions, times; the program runs."""
    script = """
import os
os.makedirs("lib/deep"); os.mkdir("empty"); os.mkdir("shut")
open("lib/deep/two", "wb").write(bytes(range(256)) * 700)
open("shut/in", "w").write("x"); os.chmod("shut", 0o555)
open("app", "w").write("#!/bin/sh\\necho made"); os.chmod("app", 0o755)
open("secret", "w").close(); os.chmod("secret", 0o400)
os.utime("app", (1, 981173106)); os.remove("a.src"); print("told")
"""
    first, artefact = await kept(sandbox, script, run=f"./app; {LIST}")
    again = await restored(sandbox, artefact, f"./app; {LIST}")

    assert b"./app regular file 755 19 981173106\n" in again.stdout
    assert b"./shut directory 555\n" in again.stdout
    assert ran(first).stdout == again.stdout


async def test_a_job_changes_its_own_copy(sandbox: Sandbox) -> None:
    """What a program does to the artefact that it runs, the next one doesn't see."""
    _, artefact = await kept(sandbox, "open('app', 'w').write('good')")
    spoil = "cat app; echo bad > app; chmod 777 app; ln -s /etc/passwd more; cat app"
    first = await restored(sandbox, artefact, spoil)
    again = await restored(sandbox, artefact, "cat app; ls")

    assert (b"goodbad\n", b"goodapp\n") == (first.stdout, again.stdout.replace(b"a.src\n", b""))


async def test_a_failure_is_not_kept(sandbox: Sandbox) -> None:
    """Nothing comes of a compile step that fails: its artefact isn't one."""
    told: list[bytes] = []
    make = Step(("sh", "-c", "echo half > app; exit 1"), {}, LIMITS)
    program = command("true", compiled_by=make)
    await sandbox.run(replace(program, keep_bytes=MOST, kept=lambda _, what: told.append(what)))

    assert [b""] == told


REFUSED = {
    "symlink": "os.symlink('/etc/passwd', 'app')",
    "symlink to a folder": "os.symlink('/', 'all')",
    "fifo": "os.mkfifo('app')",
    "socket": "import socket; socket.socket(socket.AF_UNIX).bind('app')",
    "hardlink": "open('app', 'w').close(); os.link('app', 'other')",
    "setuid": "open('app', 'w').close(); os.chmod('app', 0o4755)",
    "setgid folder": "os.mkdir('app'); os.chmod('app', 0o2755)",
    "sparse": "open('app', 'w').truncate(60 << 20)",
    "large": f"open('app', 'w').write('x' * {MOST + 1})",
    "many": "[open(f'f{n}', 'w').close() for n in range(5000)]",
    "many folders": "[os.mkdir(f'f{n}') for n in range(5000)]",
    "deep": "[(os.mkdir('d'), os.chdir('d')) for _ in range(200)]",
    "unreadable": "open('app', 'w').close(); os.chmod('app', 0)",
    "unreadable folder": "os.mkdir('app'); open('app/in', 'w').close(); os.chmod('app', 0)",
    "in /tmp": "open('/tmp/left', 'w').close()",
    "in /dev/shm": "os.mkdir('/dev/shm/d'); open('/dev/shm/d/left', 'w').close()",
    "hidden in /tmp": "os.mkdir('/tmp/d'); open('/tmp/d/l', 'w').close(); os.chmod('/tmp/d', 0)",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_could_not_be_the_same_is_not_kept(sandbox: Sandbox, what: str) -> None:
    """Neither file nor folder, too much, or somewhere else: the job runs on, nothing is kept."""
    script = f"import os\n{REFUSED[what]}\n"
    outcome, artefact = await kept(sandbox, script)

    assert outcome.compile is not None
    assert (0, 0, b"") == (outcome.compile.exit_code, ran(outcome).exit_code, artefact)


async def test_devices_can_not_be_made(sandbox: Sandbox) -> None:
    """No compile step makes a device that could be kept."""
    script = "import os, stat\nos.mknod('app', stat.S_IFCHR | 0o666, os.makedev(1, 3))"
    make = Step(("python3", "-c", script), {}, LIMITS)
    outcome = await sandbox.run(command("true", compiled_by=make))

    assert outcome.compile is not None
    assert b"Operation not permitted" in outcome.compile.stderr


async def test_a_process_left_behind_changes_nothing(sandbox: Sandbox) -> None:
    """What still writes when the compile step ends is gone before its files are read."""
    script = (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n"
        "  while True: open('late', 'a').write('x' * 999)\n"
        "while not os.path.exists('late'): time.sleep(0.01)\n"
        "os.rename('a.src', 'app')\n"
    )
    first, artefact = await kept(sandbox, script, most=64 << 20, run="wc -c < late")
    again = await restored(sandbox, artefact, "wc -c < late")

    assert (ran(first).stdout, b"") == (again.stdout, again.stderr)


async def test_no_artefact_reaches_beyond_the_work_folder(sandbox: Sandbox) -> None:
    """Bytes that nobody kept are refused as a whole; the next job is well."""
    _, artefact = await kept(sandbox, "open('aaaaaa', 'w').write('x')")
    for name in (b"../aaa", b"/aaaaa", b"a/../a", b"aaaaa/"):
        with pytest.raises(SandboxError, match="leads out of"):
            await restored(sandbox, artefact.replace(b"aaaaaa", name), "true")
    with pytest.raises(SandboxError):
        await restored(sandbox, artefact[:-1], "true")

    assert 0 == (await restored(sandbox, artefact, "test -f aaaaaa")).exit_code
