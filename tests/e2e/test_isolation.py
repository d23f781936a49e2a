"""What a program sees of the machine it runs on: next to nothing, and none of Ignis."""

import json
from urllib.parse import urlsplit

import httpx
import pytest
from tests.e2e.conftest import Running
from tests.e2e.jobs import run

CONNECT = """
import json, socket, sys
found = []
for host, port in json.loads(sys.stdin.read()):
    try:
        socket.create_connection((host, port), 1).close()
        found.append([host, port])
    except OSError:
        pass
print(json.dumps(found))
"""

READ_ALL = r"""
import os, sys
for folder, folders, files in os.walk("/", onerror=lambda _: None):
    folders[:] = [n for n in folders if not (folder == "/" and n in ("usr", "sys"))]
    for name in files:
        path = os.path.join(folder, name)
        if path.startswith(("/proc/sys", "/opt/ignis/caches")) or "site-packages/go" in path:
            continue
        if path in ("/proc/kmsg", "/proc/kcore", "/proc/kpagecount", "/proc/kpageflags"):
            continue
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            sys.stdout.buffer.write(os.read(fd, 8192))
        except OSError:
            pass
        finally:
            os.close(fd)
"""

WRITE = """
import json, sys
written = []
for path in json.loads(sys.stdin.read()):
    try:
        with open(path, "w") as file:
            file.write("x")
        written.append(path)
    except OSError:
        pass
print(json.dumps(written))
"""

GO_STATUS = """
package main

import ("fmt"; "os")

func main() { status, _ := os.ReadFile("/proc/self/status"); fmt.Print(string(status)) }
"""


def _secrets(stack: Running) -> list[str]:
    """What no program may find: passwords of servers, the API key, the issuer's key."""
    facts = stack.facts
    urls = (facts["database_url"], facts["nats_url"], facts["redis_url"])
    passwords = [str(urlsplit(url).password) for url in urls]
    pem = (stack.data / "secrets/issuer.pem").read_text("ascii").splitlines()
    return [*passwords, facts["api_key"], facts["user_token"], pem[1]]


def test_a_program_reaches_no_port_of_the_stack(api: httpx.Client, stack: Running) -> None:
    """Neither gateway nor servers nor services, by any name of this machine."""
    facts = stack.facts
    urls = [facts[name] for name in ("base_url", "database_url", "nats_url", "redis_url")]
    urls += [service["metrics_url"] for service in facts["services"].values()]
    urls += [f"//{service['grpc_address']}" for service in facts["services"].values()]
    ports = [urlsplit(url).port for url in urls]
    hosts = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "169.254.169.254", "1.1.1.1")
    targets = [(host, port) for host in hosts for port in ports]
    assert len(ports) == 12
    job = run(api, CONNECT, stdin=json.dumps(targets), limits={"wall_time_ms": 60_000})
    assert (job["status"], job["stdout"]) == ("completed", "[]\n"), job["stderr"]


def test_a_program_has_no_network_but_an_empty_loopback(api: httpx.Client) -> None:
    """There is one interface, and no way to packets, to names or to sockets of the host."""
    job = run(
        api,
        """
import socket
print([line.split(":")[0].strip() for line in open("/proc/self/net/dev") if ":" in line])
kinds = ("AF_PACKET", "SOCK_RAW"), ("AF_INET", "SOCK_RAW"), ("AF_UNIX", "SOCK_STREAM")
for family, kind in kinds:
    try:
        with socket.socket(getattr(socket, family), getattr(socket, kind)) as made:
            if family == "AF_UNIX": made.connect("/run/dbus/system_bus_socket")
            print("made", family)
    except OSError: pass
try: socket.getaddrinfo("example.com", 80); print("resolved")
except OSError: pass
""",
    )
    assert job["stdout"] == "['lo']\n", job["stderr"]


def test_a_programs_environment_is_its_own(api: httpx.Client) -> None:
    """It has a PATH, a home and a place for temporary files, and nothing of Ignis."""
    job = run(api, "import json, os; print(json.dumps(dict(os.environ)))")
    assert set(json.loads(job["stdout"])) == {"PATH", "HOME", "LANG", "TMPDIR"}


def test_no_secret_can_be_read_anywhere(api: httpx.Client, stack: Running) -> None:
    """All files that a program can open, those of /proc included, hold none."""
    job = run(api, READ_ALL, limits={"wall_time_ms": 60_000, "cpu_time_ms": 60_000})
    assert job["verdict"] in {"accepted", "output_limit"}, job["stderr"]
    assert len(job["stdout"]) > 1000
    for secret in _secrets(stack):
        assert secret not in job["stdout"]
    for name in ("DB_PASSWORD", "NATS_URL", "REDIS_URL", "CLERK_JWT_KEY"):
        assert name not in job["stdout"]


def test_a_program_sees_its_own_processes_only(api: httpx.Client) -> None:
    """No service, no server and no other program is in its /proc, nor can be signalled."""
    job = run(
        api,
        """
import os
print([int(name) for name in os.listdir("/proc") if name.isdigit()] == [os.getpid()])
hit = []
for pid in [1, *range(3, 3000)]:
    try: os.kill(pid, 9); hit.append(pid)
    except OSError: pass
print(hit)
""",
    )
    assert job["stdout"] == "True\n[]\n"


def test_the_data_folder_can_not_be_read(api: httpx.Client, stack: Running) -> None:
    """Not by its path, and not through the folders of the services' processes."""
    paths = [str(stack.data / name) for name in ("", "dev.json", "secrets/api_key", "logs")]
    paths += [f"/proc/{pid}/root" for pid in (1, 2)] + ["/proc/1/cwd", "/proc/1/environ"]
    code = """
import json, os, sys
for path in json.loads(sys.stdin.read()):
    read = os.listdir if os.path.isdir(path) else lambda path: open(path, "rb").read(9)
    try: print(path, read(path))
    except OSError: pass
"""
    job = run(api, code, stdin=json.dumps(paths))
    assert job["status"] == "completed"
    shown = [line for line in job["stdout"].splitlines() if not line.startswith("/proc/2/root")]
    assert shown == []


def test_the_system_is_read_only(api: httpx.Client) -> None:
    """Programs write to their work folder and to places for temporary files alone."""
    allowed = ["/box/x", "/tmp/x", "/var/tmp/x", "/dev/shm/x"]
    forbidden = [
        "/x",
        "/etc/passwd",
        "/etc/x",
        "/usr/x",
        "/usr/bin/python3",
        "/opt/x",
        "/opt/ignis/caches/x",
        "/root/x",
        "/run/x",
        "/dev/x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/1/oom_score_adj",
        "/sys/x",
    ]
    job = run(api, WRITE, stdin=json.dumps([*allowed, *forbidden]))
    assert json.loads(job["stdout"]) == allowed


def test_nothing_of_a_job_is_there_for_the_next(api: httpx.Client) -> None:
    """Each starts with a work folder of its own that holds its own files."""
    leave = """
import os
for folder in ("/box", "/tmp", "/var/tmp", "/dev/shm"):
    open(f"{folder}/left-behind", "w").close()
"""
    look = """
import os
print([os.listdir(folder) for folder in ("/box", "/tmp", "/var/tmp", "/dev/shm")])
"""
    for _ in range(4):
        assert run(api, leave)["status"] == "completed"
        assert run(api, look)["stdout"] == "[['main.py'], [], [], []]\n"


@pytest.mark.parametrize("language", ["python", "go"])
def test_a_program_is_nobody(api: httpx.Client, language: str) -> None:
    """It is no root, has no capability, can gain none, and runs under a seccomp filter."""
    programs = {"python": "print(open('/proc/self/status').read())", "go": GO_STATUS}
    job = run(api, programs[language], language=language)
    status = dict(line.split(":\t", 1) for line in job["stdout"].splitlines() if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert "0" not in status["Gid"].split()
    assert {status[f"Cap{name}"].strip("0") for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {""}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
