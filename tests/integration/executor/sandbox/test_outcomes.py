"""What a program does is what its outcome says."""

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, python, ran

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hello(sandbox: Sandbox) -> None:
    """Output, success, and figures of a process come back."""
    result = ran(await sandbox.run(python("print('Hello, World!')")))

    assert b"Hello, World!\n" == result.stdout
    assert b"" == result.stderr
    assert (0, None, None) == (result.exit_code, result.signal, result.limit)
    assert 0 < result.wall_time_ms < 5000
    assert 0 < result.cpu_time_ms < 5000
    assert 0 < result.memory_kb < 128 * 1024


async def test_stderr_and_exit_code(sandbox: Sandbox) -> None:
    """The two streams are kept apart, and the exit code is the program's."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    result = ran(await sandbox.run(python(code)))

    assert (b"out\n", b"err\n", 3) == (result.stdout, result.stderr, result.exit_code)


async def test_exception(sandbox: Sandbox) -> None:
    """A program that raises has its traceback with its own path, and exit code 1."""
    result = ran(await sandbox.run(python("raise ValueError('no')")))

    assert 1 == result.exit_code
    assert b"ValueError: no" in result.stderr
    assert b'"/box/main.py", line 1' in result.stderr


async def test_signal(sandbox: Sandbox) -> None:
    """A program that a signal ends has the signal and no exit code."""
    result = ran(await sandbox.run(python("import os; os.abort()")))

    assert (None, 6, None) == (result.exit_code, result.signal, result.limit)


async def test_bytes(sandbox: Sandbox) -> None:
    """Output that isn't UTF-8 comes back byte for byte."""
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)))"
    result = ran(await sandbox.run(python(code)))

    assert bytes(range(256)) == result.stdout


async def test_files(sandbox: Sandbox) -> None:
    """Names with spaces, quotes, letters of any script and folders arrive as they are."""
    files = {"a b/c 'd'/ä文.txt": b"deep", "empty": b"", "nul.bin": b"\0\xff"}
    code = "for n in ('a b/c \\'d\\'/ä文.txt', 'empty', 'nul.bin'): print(open(n, 'rb').read())"
    result = ran(await sandbox.run(python(code, files=files)))

    assert b"b'deep'\nb''\nb'\\x00\\xff'\n" == result.stdout


async def test_arguments_and_environment(sandbox: Sandbox) -> None:
    """Arguments and variables pass unchanged; nothing else of ours is in the environment."""
    code = "import os, sys; print(sys.argv[1:], sorted(os.environ.items()))"
    result = ran(await sandbox.run(python(code, "", "a b", "$HOME\n'", env={"X": "1 =2"})))

    assert (
        "['', 'a b', \"$HOME\\n'\"] "
        "[('HOME', '/box'), ('LANG', 'C.UTF-8'), ('PATH', '/usr/local/sbin:/usr/local/bin:"
        "/usr/sbin:/usr/bin:/sbin:/bin'), ('TMPDIR', '/tmp'), ('X', '1 =2')]\n"
    ) == result.stdout.decode()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-command",), "no-such-command: command not found"),
        (("/box",), "/box: Permission denied"),
        (("echo", "a\0b"), "NUL"),
        (("echo", "\ud800"), "not valid Unicode"),
        (("",), "the command is empty"),
    ],
)
async def test_not_started(sandbox: Sandbox, argv: tuple[str, ...], words: str) -> None:
    """A command that can't be started is an outcome without exit code, and says why."""
    result = ran(await sandbox.run(command(*argv)))

    assert (None, None) == (result.exit_code, result.signal)
    assert words in result.stderr.decode()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../b", "a\0b", "", "x" * 300, "main.py"])
async def test_bad_file_name(sandbox: Sandbox, name: str) -> None:
    """A file that can't be written where it should is an outcome that says so."""
    program = command("true", files={"main.py": b"", f"{name}": b"", "main.py/x": b""})
    result = ran(await sandbox.run(program))

    assert (None, None) == (result.exit_code, result.signal)
    assert result.stderr.endswith(b"\n")


async def test_too_many_file_bytes(sandbox: Sandbox) -> None:
    """Files that don't fit into the work folder are refused as an outcome."""
    program = command("true", files={"big": bytes(65 * 1024 * 1024)})
    result = ran(await sandbox.run(program))

    assert None is result.exit_code
    assert b"No space left" in result.stderr


async def test_work_folder(sandbox: Sandbox) -> None:
    """The program starts in a writable work folder, and /tmp and /dev/shm are writable."""
    code = (
        "import os\nfor d in ('.', '/tmp', '/dev/shm'): open(d + '/f', 'w').write('x')\n"
        "print(os.getcwd())"
    )
    result = ran(await sandbox.run(python(code)))

    assert (b"/box\n", 0) == (result.stdout, result.exit_code)


async def test_nothing_stays_between_jobs(sandbox: Sandbox) -> None:
    """A job finds nothing of the one before it."""
    for _ in range(3):
        code = "import os; print(os.listdir('/tmp'), os.listdir('.'), os.listdir('/dev/shm'))"
        result = ran(
            await sandbox.run(
                python(f"{code}\nfor d in ('/tmp', '/dev/shm', '.'): open(d + '/x', 'w')")
            )
        )

        assert b"[] ['main.py'] []\n" == result.stdout


async def test_local_sockets(sandbox: Sandbox) -> None:
    """A program can talk to itself over its own loopback device."""
    code = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "c = socket.create_connection(s.getsockname()); c.send(b'x'); print(s.accept()[0].recv(1))"
    )
    result = ran(await sandbox.run(python(code)))

    assert b"b'x'\n" == result.stdout


async def test_processes_and_threads(sandbox: Sandbox) -> None:
    """multiprocessing, threads and subprocesses work as outside."""
    code = (
        "import multiprocessing as m, subprocess, threading\n"
        "def f(x): return x * x\n"
        "if __name__ == '__main__':\n"
        "  print(m.Pool(3).map(f, range(4)))\n"
        "  t = threading.Thread(target=print, args=('t',)); t.start(); t.join()\n"
        "  print(subprocess.run(['echo', 'sub'], capture_output=True).stdout)\n"
    )
    result = ran(await sandbox.run(python(code)))

    assert b"[0, 1, 4, 9]\nt\nb'sub\\n'\n" == result.stdout
