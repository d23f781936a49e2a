"""The meter of a shared cgroup, over files that look like one."""

import resource
from pathlib import Path

import pytest

from ignis.executor.models import Limits
from ignis.executor.runner import container, sockets
from ignis.executor.runner.container import ContainerMeter, open_shared
from ignis.executor.runner.disk import Disk
from ignis.executor.runner.place import Shared

LIMITS = Limits(1000, 1000, 1000, 10, 1000, 1000)
V1 = {
    "cpuacct/cpuacct.usage": "9000000000000\n",
    "memory/memory.stat": "cache 4096000\nrss 1024000\nshmem 0\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
    "pids/pids.current": "1\n",
}
V2 = {
    "cpu.stat": "usage_usec 9000000000\nuser_usec 1\n",
    "memory.stat": "anon 1024000\nfile 4096000\nshmem 0\n",
    "memory.events": "low 0\nmax 3\noom 0\noom_kill 0\n",
    "pids.current": "1\n",
}


OWN = "Name:\tpython3\nRssAnon:\t  200 kB\nRssFile:\t 9000 kB\n"


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a cgroup, with what the runner holds itself beside it."""
    (tmp_path / "own").write_text(OWN)
    monkeypatch.setattr(container, "_OWN", str(tmp_path / "own"))
    return tmp_path


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own sockets don't count."""
    monkeypatch.setattr(sockets, "held_kb", lambda: 0)


def made(folder: Path, files: dict[str, str]) -> Shared:
    """Open a made-up cgroup, which there must be."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shared = open_shared(str(folder))
    assert shared is not None
    return shared


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Change a file in place, as a cgroup's does."""
    text = (folder / name).read_text()
    assert old in text
    with (folder / name).open("r+") as file:
        file.write(text.replace(old, new))


@pytest.mark.parametrize(
    ("files", "memory"),
    [(V1, "memory/memory.stat"), (V2, "memory.stat")],
    ids=["v1", "v2"],
)
def test_memory(folder: Path, files: dict[str, str], memory: str) -> None:
    """Held is all but the runner's own, and the files that were there, those of the image aside."""
    shared = made(folder, files)
    change(folder, memory, "shmem 0", "shmem 8192000")
    meter = ContainerMeter(shared, LIMITS)

    assert not meter.out_of_memory()
    assert 800 == meter.peak_kb()
    change(folder, memory, "shmem 8192000", "shmem 8601600")
    assert meter.out_of_memory()
    assert LIMITS.memory_kb == meter.peak_kb()


def test_growth_of_the_runner(folder: Path) -> None:
    """What the runner itself takes meanwhile is nobody's."""
    meter = ContainerMeter(made(folder, V2), LIMITS)
    change(folder, "memory.stat", "anon 1024000", "anon 2048000")
    change(folder, "own", "  200 kB", " 1200 kB")

    assert not meter.out_of_memory()
    assert 800 == meter.peak_kb()


def test_the_shortest_programs(folder: Path) -> None:
    """A program that ends before it was looked at has been seen when it began."""
    meter = ContainerMeter(made(folder, V2), LIMITS)
    meter.cpu_ms()
    change(folder, "memory.stat", "anon 1024000", "anon  204800")

    assert 800 == meter.peak_kb()


@pytest.mark.parametrize(
    ("files", "name"), [(V1, "memory/memory.oom_control"), (V2, "memory.events")], ids=["v1", "v2"]
)
def test_killed(folder: Path, files: dict[str, str], name: str) -> None:
    """A kill of this step counts, one of a step before doesn't."""
    shared = made(folder, files)
    meter = ContainerMeter(shared, LIMITS)
    assert not meter.out_of_memory()
    change(folder, name, "oom_kill 0", "oom_kill 1")

    assert meter.out_of_memory()
    assert not ContainerMeter(shared, LIMITS).out_of_memory()


@pytest.mark.parametrize("files", [V1, V2], ids=["v1", "v2"])
def test_cpu(folder: Path, files: dict[str, str]) -> None:
    """CPU time is the cgroup's without the runner's own."""
    meter = ContainerMeter(made(folder, files), LIMITS)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    own = (usage.ru_utime + usage.ru_stime) * 1e3

    assert 9_000_000 - own - 1000 < meter.cpu_ms() <= 9_000_000 - own + 1


def test_processes(folder: Path) -> None:
    """As many tasks as allowed, the runner aside, mean that a fork was refused."""
    meter = ContainerMeter(made(folder, V2), LIMITS)
    change(folder, "pids.current", "1", "10")
    meter.out_of_memory()
    assert not meter.fork_refused()
    change(folder, "pids.current", "10", "11")
    meter.out_of_memory()
    assert meter.fork_refused()


def test_looks_less_often(folder: Path) -> None:
    """It looks soon at first, so that short programs are seen, and then less often."""
    meter = ContainerMeter(made(folder, V2), LIMITS)
    ticks = []
    for _ in range(6):
        ticks.append(meter.tick_ms)
        meter.out_of_memory()

    assert [2, 4, 8, 16, 20, 20] == ticks


def test_nothing_to_see(tmp_path: Path) -> None:
    """A runtime that shows no cgroup has none."""
    assert None is open_shared(str(tmp_path))


def test_disk(tmp_path: Path) -> None:
    """Folders are full when they take more than the limit together; none take nothing."""
    used = 4096 * 1024**4

    assert Disk((str(tmp_path),), 0).full()
    assert not Disk((str(tmp_path), str(tmp_path)), used).full()
    assert not Disk((), 0).full()


def test_sockets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What sockets may hold counts, as v1 doesn't count it, but is no one's peak."""
    meter = ContainerMeter(made(folder, V1), LIMITS)
    monkeypatch.setattr(sockets, "held_kb", lambda: LIMITS.memory_kb + 1)

    assert meter.out_of_memory()
    assert meter.peak_kb() < LIMITS.memory_kb
