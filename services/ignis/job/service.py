"""Accepting jobs, and showing them to their owners."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from ignis.errors import InvalidArgument, NotFound, Unavailable, Violation, invalid
from ignis.job import validation
from ignis.job.models import (
    RECEIVED,
    Filter,
    Job,
    Limits,
    NewJob,
    Offer,
    Program,
    Publication,
    Status,
    Submission,
    Window,
)
from ignis.server.context import request_id
from ignis.server.ids import is_id

MAX_PAGE = 100
DEFAULT_PAGE = 20
RECHECK = 5.0  # seconds after which whoever waits looks for himself


class Jobs(Protocol):
    """Where jobs are stored."""

    async def submit(self, job: NewJob, window: Window) -> Submission:
        """Store a job, unless it or its idempotency key is known."""
        ...

    async def get(self, owner: str, job_id: str) -> Job | None:
        """Read one job of an owner's."""
        ...

    async def list(self, owner: str, chosen: Filter, limit: int, before: str) -> list[Job]:
        """Read an owner's jobs, newest first."""
        ...


class Offers(Protocol):
    """What the executors offer."""

    def offered(self) -> list[Offer]:
        """What they offer now."""
        ...

    def find(self, name: str, version: str) -> Offer | None:
        """What was offered lately under an id or alias; an empty version is any."""
        ...

    def language_id(self, name: str) -> str | None:
        """The id of a language that this Ignis knows, whether it is offered or not."""
        ...

    def known(self) -> list[str]:
        """The ids of all languages that this Ignis knows."""
        ...

    def window(self, pool: str) -> Window:
        """How many jobs of a pool may be published."""
        ...


class Publisher(Protocol):
    """Hands jobs to the executors."""

    async def publish(self, publication: Publication) -> None:
        """Hand over one job, sooner or later."""
        ...

    def nudge(self, pool: str) -> None:
        """Say that a job waits for its turn."""
        ...


class Ends(Protocol):
    """Tells when jobs end."""

    def expect(self, job_id: str) -> AbstractContextManager["asyncio.Future[None]"]:
        """A future that is done when the job's end is stored."""
        ...


class Encode(Protocol):
    """Writes what an executor gets."""

    def __call__(self, job: NewJob) -> bytes:
        """Serialize a job."""
        ...


class Counts(Protocol):
    """What is counted."""

    def submitted(self, language: str) -> None:
        """Count a job that was accepted."""
        ...


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What a job gets, and may ask for."""

    default: Limits
    maximum: Limits


class JobService:
    """What clients can do with jobs."""

    def __init__(
        self,
        jobs: Jobs,
        offers: Offers,
        publisher: Publisher,
        ends: Ends,
        limits: LimitSettings,
        encode: Encode,
        counts: Counts,
    ) -> None:
        self._jobs = jobs
        self._offers = offers
        self._publisher = publisher
        self._ends = ends
        self._encode = encode
        self._counts = counts
        self.limits = limits

    async def execute(self, owner: str, job_id: str, request: validation.Request) -> Job:
        """Accept a job; with `wait`, come back when it has ended.

        Args:
            owner: whose job it is.
            job_id: the id that it gets; the same again makes no second job.
            request: what the client sent.

        Raises:
            InvalidArgument: the request can't become a program.
            Unavailable: no executor offers the language.
            AlreadyExists: its idempotency key belongs to another request.
        """
        validation.check(request, self.limits.maximum)
        job = self._accept(owner, job_id, request)
        with self._ends.expect(job.job_id) as ended:
            submission = await self._jobs.submit(job, self._offers.window(job.pool))
            if submission.new:
                await self._hand_over(job, publish=submission.publish)
                if not request.wait:
                    return _received(job)
            if submission.job_id == job.job_id:
                return await self._until(ended, owner, job.job_id, request.wait)
        return await self.wait(owner, submission.job_id, request.wait)

    async def wait(self, owner: str, job_id: str, seconds: float) -> Job:
        """Read a job when it has ended, or after some seconds."""
        with self._ends.expect(job_id) as ended:
            return await self._until(ended, owner, job_id, seconds)

    async def _until(
        self, ended: "asyncio.Future[None]", owner: str, job_id: str, seconds: float
    ) -> Job:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            told = ended.done()
            job = await self.get(owner, job_id)
            left = deadline - loop.time()
            if told or job.status.ended or left <= 0:
                return job
            # NATS may lose what it broadcasts; the row doesn't.
            await asyncio.wait([ended], timeout=min(left, RECHECK))

    async def get(self, owner: str, job_id: str) -> Job:
        """Read a job.

        Raises:
            NotFound: there is none of that id, or it is someone else's.
        """
        job = await self._jobs.get(owner, job_id) if is_id(job_id) else None
        if job is None:
            raise NotFound("JOB_NOT_FOUND", "There is no job of yours with this id.")
        return job

    async def page(
        self, owner: str, chosen: Filter, limit: int, cursor: str
    ) -> tuple[list[Job], str]:
        """Read a page of jobs, and the cursor of the next one.

        Raises:
            InvalidArgument: the limit or the cursor is wrong.
        """
        if not 0 <= limit <= MAX_PAGE:
            raise invalid([Violation("limit", f"must be 1 to {MAX_PAGE}")])
        if cursor and not is_id(cursor):
            raise invalid([Violation("cursor", "must be `next_cursor` of the page before")])
        size = self.page_size(limit)
        jobs = await self._jobs.list(owner, chosen, size + 1, cursor)
        page = jobs[:size]
        return page, page[-1].job_id if len(jobs) > size else ""

    def page_size(self, limit: int) -> int:
        """How many entries a page has when `limit` were asked for; 0 is the default."""
        return limit or DEFAULT_PAGE

    def languages(self) -> list[Offer]:
        """What executors offer now, one for each language and version."""
        offers = {(offer.language, offer.version): offer for offer in self._offers.offered()}
        return list(offers.values())

    async def _hand_over(self, job: NewJob, *, publish: bool) -> None:
        self._counts.submitted(job.program.language)
        if publish:
            await self._publisher.publish(
                Publication(job.job_id, job.pool, 1, self._encode(job), job.request_id)
            )
        else:
            self._publisher.nudge(job.pool)

    def _accept(self, owner: str, job_id: str, request: validation.Request) -> NewJob:
        offer, version = self._choose(request.language)
        return NewJob(
            job_id=job_id,
            owner=owner,
            pool=offer.pool,
            program=Program(
                language=offer.language,
                language_version=version,
                files=validation.program_files(request),
                stdin=request.stdin.encode(),
                args=tuple(request.args),
                env=dict(request.env),
                compile_args=tuple(request.compile_args),
                limits=validation.resolve_limits(request.limits, self.limits.default),
            ),
            priority=request.priority,
            labels=dict(request.labels),
            created_at=datetime.now(UTC),
            request_id=request_id.get(),
            idempotency_key=request.idempotency_key,
            fingerprint=_fingerprint(request) if request.idempotency_key else b"",
        )

    def _choose(self, asked: str) -> tuple[Offer, str]:
        name, _, version = asked.partition("@")
        offer = self._offers.find(name, version)
        if offer is not None:
            return offer, version
        known = self._offers.language_id(name)
        if known is None:
            names = ", ".join(self._offers.known())
            raise InvalidArgument(
                "LANGUAGE_UNKNOWN",
                f"There is no language {asked[:64]!r}; use one of {names}.",
                violations=[Violation("language", "must be a language's id or alias")],
            )
        if version and self._offers.find(name, "") is not None:
            raise InvalidArgument(
                "LANGUAGE_VERSION_UNKNOWN",
                f"No executor has {asked[:64]!r}; GET /api/v1/public/status lists the versions.",
                violations=[Violation("language", "must name a version that is offered")],
            )
        raise Unavailable(
            "LANGUAGE_UNAVAILABLE",
            f"No executor offers {known} for now; try again.",
            retry_after=10,
        )


def _received(job: NewJob) -> Job:
    """A job as it was stored; by now an executor may be at it."""
    return Job(
        job_id=job.job_id,
        owner=job.owner,
        language=job.program.language,
        status=Status.RECEIVED,
        message=RECEIVED,
        created_at=job.created_at,
        updated_at=job.created_at,
        labels=job.labels,
    )


def _fingerprint(request: validation.Request) -> bytes:
    """Tells one request from another; how long a client waits makes no difference."""
    return sha256(repr(replace(request, wait=0)).encode()).digest()
