"""The executor as a process of its own, with the real sandbox, and jobs for it."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration import services
from tests.integration.services import Service
from tests.waiting import until

from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.events.executors import ExecutorDirectory
from ignis.events.publisher import Publisher
from ignis.languages import loader
from ignis.local import binaries
from ignis.server.context import request_id
from ignis.server.ids import new_id
from ignis.v1 import events_pb2, executor_pb2

PATIENCE = 60.0  # seconds for a job, on a machine that does much else


@contextmanager
def running(folder: Path, nats_url: str, **env: str) -> Iterator[Service]:
    """Start `python -m ignis.executor` with one slot and the namespace sandbox."""
    variables = {
        "NATS_URL": nats_url,
        "IGNIS_SANDBOX": "namespace",
        "EXECUTOR_SLOTS": "1",
        "EXECUTOR_DATA_DIR": str(folder / "data"),
        "EXECUTOR_TOOLCHAIN_PATH": str(binaries.find().go),
        **env,
    }
    with services.running("executor", folder, **variables) as service:
        yield service


def without_go(folder: Path) -> dict[str, str]:
    """Settings of an executor that finds no Go, and so has no cache to fill."""
    nothing = folder / "no-toolchains"
    nothing.mkdir(exist_ok=True)
    return {"EXECUTOR_TOOLCHAIN_PATH": str(nothing)}


def python_only(folder: Path) -> dict[str, str]:
    """Settings of an executor that finds nothing but Python, and so starts soon."""
    return missing(folder, set(loader.load()) - {"python"})


def missing(folder: Path, languages: Iterable[str]) -> dict[str, str]:
    """Settings of an executor that doesn't find some languages."""
    files = folder / "missing-languages"
    files.mkdir(exist_ok=True)
    for name in languages:
        (files / f"{name}.toml").write_text(
            f'id = "{name}"\nname = "X"\nfile = "x"\n'
            '[toolchain]\nprogram = "no-such-program"\nversion = ["x"]\npattern = "(.)"\n'
            '[run]\ncommand = ["x"]\n[test]\ncode = "x"\nstdout = "x"\n'
        )
    return {**without_go(folder), "LANGUAGES_DIR": str(files)}


def message(code: str, language: str = "python", **fields: Any) -> events_pb2.JobMessage:  # noqa: ANN401 - fields of many types
    """A job for an executor, with the usual limits."""
    limits = {
        "wall_time_ms": 10_000,
        "cpu_time_ms": 10_000,
        "memory_kb": 262_144,
        "processes": 64,
        "output_bytes": 65_536,
        "file_bytes": 16_777_216,
        **fields.pop("limits", {}),
    }
    spec = events_pb2.JobSpec(
        language=language,
        files=[events_pb2.ProgramFile(content=code.encode())],
        limits=events_pb2.ResolvedLimits(**limits),
        **fields,
    )
    job = events_pb2.JobMessage(job_id=new_id(), owner="user_1", spec=spec, labels={"a": "b"})
    job.created_at.GetCurrentTime()
    return job


async def post(connected: Nats, job: events_pb2.JobMessage, pool: str = "default") -> None:
    """Put a job on the stream."""
    payload = job.SerializeToString()
    await Publisher(connected).publish_job(pool, job.job_id, payload, 1, request_id.get())


async def end_of(connected: Nats, job_id: str) -> events_pb2.JobEvent:
    """Wait for the end of a job."""
    publisher = Publisher(connected)

    async def there() -> bool:
        return await publisher.find_end(job_id) is not None

    await until(there, PATIENCE)
    found = await publisher.find_end(job_id)
    assert found is not None
    return found


async def ran(connected: Nats, job: events_pb2.JobMessage) -> events_pb2.JobEvent:
    """Post a job and wait for its end."""
    await post(connected, job)
    return await end_of(connected, job.job_id)


async def announced(connected: Nats) -> list[executor_pb2.Executor]:
    """The executors in the bucket, as soon as there is one."""
    directory = ExecutorDirectory(connected)
    watching = asyncio.create_task(directory.watch())
    await until(lambda: bool(directory.recent()))
    watching.cancel()
    return directory.recent()


async def is_taken(connected: Nats, job_id: str) -> bool:
    """Whether an executor told that it has begun with a job."""
    info = await connected.jetstream.stream_info(
        subjects.EVENTS_STREAM, subjects_filter=subjects.event(job_id, subjects.STARTED)
    )
    return bool(info.state.subjects)
