"""What the job service stands on, in memory: stores, streams and counters that remember."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tests.unit.job.factories import PYTHON, WIDE, finished

from ignis.errors import AlreadyExists, Unavailable
from ignis.job import service
from ignis.job.models import (
    Depth,
    Ended,
    Filter,
    Job,
    NewJob,
    Offer,
    Publication,
    Started,
    Status,
    Submission,
    Window,
)

AWAY = Unavailable("AWAY", "Something is away.")


class Counts:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def submitted(self, language: str) -> None:
        """Count a submitted job."""
        self.seen[f"submitted {language}"] += 1

    def ended(self, ended: Ended) -> None:
        """Count an end."""
        self.seen[f"ended {ended.verdict}"] += 1

    def republished(self) -> None:
        """Count a job published again."""
        self.seen["republished"] += 1

    def queued(self, depths: Iterable[Depth]) -> None:
        """Count a sample."""
        self.seen["queued"] += sum(depth.waiting for depth in depths)

    def failed(self, where: str) -> None:
        """Count a failure."""
        self.seen[f"failed {where}"] += 1


class MemoryJobs:
    """Implements `service.Jobs` and `ends.Jobs`."""

    def __init__(self) -> None:
        self.kept: dict[str, Job] = {}
        self.keys: dict[tuple[str, str], NewJob] = {}
        self.places: dict[str, str] = {}
        self.publish = True
        self.failure: Exception | None = None
        self.gate = asyncio.Event()  # ends are stored while it is set
        self.gate.set()
        self.stored: list[Ended] = []

    async def submit(self, job: NewJob, window: Window) -> Submission:
        """Keep a job."""
        assert window == WIDE
        self._fail()
        known = self.keys.setdefault((job.owner, job.idempotency_key or job.job_id), job)
        if known.fingerprint != job.fingerprint:
            raise AlreadyExists("IDEMPOTENCY_KEY_REUSED", "Another body.")
        if known is not job:
            return Submission(known.job_id, new=False, publish=False)
        self.places[job.job_id] = job.pool
        self.kept[job.job_id] = service._received(job)
        return Submission(job.job_id, new=True, publish=self.publish)

    async def get(self, owner: str, job_id: str) -> Job | None:
        """Read a job of an owner's."""
        job = await self.find(job_id)
        return job if job is not None and job.owner == owner else None

    async def list(self, owner: str, chosen: Filter, limit: int, before: str) -> list[Job]:
        """Read jobs by id, downwards."""
        assert chosen == Filter()
        found = [
            job
            for job in self.kept.values()
            if job.owner == owner and (not before or job.job_id < before)
        ]
        return sorted(found, key=lambda job: job.job_id, reverse=True)[:limit]

    async def find(self, job_id: str) -> Job | None:
        """Read a job."""
        self._fail()
        return self.kept.get(job_id)

    async def started(self, event: Started) -> None:
        """Note a start."""
        self._fail()
        self.kept[event.job_id] = replace(self.kept[event.job_id], status=Status.RUNNING)

    async def ended(self, event: Ended) -> str | None:
        """Note an end, when the gate is open."""
        self.stored.append(event)
        await self.gate.wait()
        self._fail()
        if event.job_id in self.kept:
            self.kept[event.job_id] = finished(self.kept[event.job_id])
        return self.places.pop(event.job_id, None)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class MemoryStream:
    """Implements the `Stream` of dispatcher, relay and ends."""

    def __init__(self) -> None:
        self.jobs: list[Publication] = []
        self.ends: dict[str, Ended | None] = {}  # None is one that can't be read
        self.forgotten: list[tuple[str, str]] = []
        self.failure: Exception | None = None

    async def publish_job(self, publication: Publication) -> None:
        """Queue a job."""
        self._fail()
        self.jobs.append(publication)

    async def job_is_queued(self, pool: str, job_id: str) -> bool:
        """Whether it is queued."""
        self._fail()
        return any((job.pool, job.job_id) == (pool, job_id) for job in self.jobs)

    async def forget_job(self, pool: str, job_id: str) -> None:
        """Take it out."""
        self.forgotten.append((pool, job_id))

    async def publish_end(self, ended: Ended) -> bool:
        """Tell an end, unless there is one."""
        self._fail()
        if ended.job_id in self.ends:
            return False
        self.ends[ended.job_id] = ended
        return True

    async def find_end(self, job_id: str) -> Ended | None:
        """The end that was told."""
        return self.ends.get(job_id)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class Offers:
    """Implements `service.Offers`: Python is offered, Go is known."""

    def __init__(self) -> None:
        self.languages = [PYTHON]

    def offered(self) -> list[Offer]:
        """What is offered."""
        return self.languages

    def find(self, name: str, version: str) -> Offer | None:
        """An offer by name."""
        for offer in self.languages:
            if name in (offer.language, *offer.aliases) and offer.version.startswith(version):
                return offer
        return None

    def language_id(self, name: str) -> str | None:
        """What is known."""
        return {"go": "go", "golang": "go", "python": "python", "py": "python"}.get(name)

    def known(self) -> list[str]:
        """The ids."""
        return ["go", "python"]

    def window(self, pool: str) -> Window:
        """Room for all."""
        assert pool == "default"
        return WIDE


class Handed:
    """Implements `service.Publisher`, `ends.Nudge` and `relay.Publish`."""

    def __init__(self) -> None:
        self.published: list[Publication] = []
        self.nudged: list[str] = []

    async def publish(self, publication: Publication) -> None:
        """Remember a publication."""
        self.published.append(publication)

    def nudge(self, pool: str) -> None:
        """Remember a nudge."""
        self.nudged.append(pool)
