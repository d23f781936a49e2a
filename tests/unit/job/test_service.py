"""Accepting jobs, waiting for them and showing them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.job.factories import DEFAULTS, JOB_ID, MAXIMUM, PYTHON, ended, request
from tests.unit.job.memory import Counts, Handed, MemoryJobs, MemoryStream, Offers
from tests.waiting import until

from ignis.errors import AlreadyExists, IgnisError, InvalidArgument, NotFound, Unavailable
from ignis.job import codec, service
from ignis.job.ends import Ends
from ignis.job.models import Filter, Job, Publication, Status
from ignis.job.service import JobService, LimitSettings
from ignis.server.context import request_id
from ignis.server.ids import new_id
from ignis.v1 import events_pb2

OWNER = "user_1"


class Room:
    """A service on stores in memory."""

    def __init__(self) -> None:
        self.jobs, self.offers, self.handed = MemoryJobs(), Offers(), Handed()
        self.counts = Counts()
        self.ends = Ends(self.jobs, MemoryStream(), self.handed, self.counts)
        self.service = JobService(
            self.jobs,
            self.offers,
            self.handed,
            self.ends,
            LimitSettings(DEFAULTS, MAXIMUM),
            codec.job_message,
            self.counts,
        )

    async def execute(self, job_id: str = JOB_ID, **fields: Any) -> Job:  # noqa: ANN401 - fields of many types
        """Post a program."""
        return await self.service.execute(OWNER, job_id, request(**fields))

    async def end(self, job_id: str = JOB_ID) -> None:
        """Let a job end."""
        await self.ends.apply(ended(job_id=job_id))

    def sent(self) -> events_pb2.JobMessage:
        """The one job that was handed to the executors."""
        [publication] = self.handed.published
        return events_pb2.JobMessage.FromString(publication.payload)


@pytest.fixture(name="room")
def room_fixture() -> Room:
    """A room in which nothing has happened."""
    return Room()


async def test_a_job_is_stored_and_handed_over(room: Room) -> None:
    """An accepted job is kept, published once and counted, and answered as received."""
    job = await room.execute(labels={"a": "b"})

    assert (JOB_ID, OWNER, "python", Status.RECEIVED) == (
        job.job_id,
        job.owner,
        job.language,
        job.status,
    )
    assert job == await room.service.get(OWNER, JOB_ID)
    [publication] = room.handed.published
    assert (JOB_ID, "default", 1) == (publication.job_id, publication.pool, publication.attempt)
    assert room.sent().job_id == JOB_ID
    assert room.counts.seen == {"submitted python": 1}


async def test_a_job_without_a_place_waits(room: Room) -> None:
    """A job whose turn has not come is not published, but whoever gives turns is told."""
    room.jobs.publish = False
    await room.execute()

    assert (room.handed.published, room.handed.nudged) == ([], ["default"])


async def test_a_bad_request_stores_nothing(room: Room) -> None:
    """What is refused leaves no trace."""
    for fields in (
        {"code": ""},
        {"language": "x"},
        {"limits": {"memory_kb": MAXIMUM.memory_kb + 1}},
    ):
        with pytest.raises(InvalidArgument):
            await room.execute(**fields)

    assert (room.jobs.kept, room.handed.published, room.counts.seen) == ({}, [], {})


@pytest.mark.parametrize(
    ("asked", "version"),
    [("python", ""), ("py", ""), ("python3", ""), ("python@3.11", "3.11"), ("py@3", "3")],
)
async def test_a_language_has_several_names(room: Room, asked: str, version: str) -> None:
    """An id, an alias, and either with a version mean the same language."""
    job = await room.execute(language=asked)

    assert job.language == "python"
    assert ("python", version) == (room.sent().spec.language, room.sent().spec.language_version)


@pytest.mark.parametrize(
    ("asked", "kind", "reason"),
    [
        ("cobol", InvalidArgument, "LANGUAGE_UNKNOWN"),
        ("@3.11", InvalidArgument, "LANGUAGE_UNKNOWN"),
        ("Python", InvalidArgument, "LANGUAGE_UNKNOWN"),
        ("x" * 10_000, InvalidArgument, "LANGUAGE_UNKNOWN"),
        ("python@2.7", InvalidArgument, "LANGUAGE_VERSION_UNKNOWN"),
        ("go", Unavailable, "LANGUAGE_UNAVAILABLE"),
        ("golang@1.22", Unavailable, "LANGUAGE_UNAVAILABLE"),
    ],
)
async def test_a_language_that_nobody_offers(
    room: Room, asked: str, kind: type[IgnisError], reason: str
) -> None:
    """Unknown is the client's mistake, known but not offered is ours; each says what to do."""
    with pytest.raises(kind) as caught:
        await room.execute(language=asked)

    assert caught.value.reason == reason
    assert len(caught.value.message) < 200
    assert (caught.value.retry_after is not None) == (kind is Unavailable)


async def test_the_unknown_language_names_the_known(room: Room) -> None:
    """The refusal lists what would be right, and names the field."""
    with pytest.raises(InvalidArgument, match="use one of go, python") as caught:
        await room.execute(language="cobol")

    assert [violation.field for violation in caught.value.violations] == ["language"]


async def test_a_repeated_request_is_the_same_job(room: Room) -> None:
    """The same id again is answered with the job as it stands; it is not published again."""
    await room.execute()
    await room.end()
    again = await room.execute()
    waited = await asyncio.wait_for(room.execute(wait=60), 5)

    assert [Status.FAILED, Status.FAILED] == [again.status, waited.status]
    assert len(room.handed.published) == 1
    assert room.counts.seen["submitted python"] == 1


async def test_an_idempotency_key_answers_with_the_first_job(room: Room) -> None:
    """The same key and body, whatever its wait, name one job; another body is refused."""
    await room.execute(idempotency_key="k", labels={"a": "1", "b": "2"})
    again = await room.execute(
        new_id(), idempotency_key="k", labels={"a": "1", "b": "2"}, wait=0.01
    )
    with pytest.raises(AlreadyExists):
        await room.execute(new_id(), idempotency_key="k", labels={"a": "1"})

    assert again.job_id == JOB_ID
    assert len(room.handed.published) == 1


async def test_a_key_waits_for_the_job_that_it_names(room: Room) -> None:
    """With a known key, `wait` waits for the first job's end."""
    await room.execute(idempotency_key="k")
    waiting = asyncio.create_task(room.execute(new_id(), idempotency_key="k", wait=60))
    await until(lambda: room.ends.is_expected(JOB_ID))
    await room.end()

    assert (JOB_ID, Status.FAILED) == ((await waiting).job_id, (await waiting).status)


async def test_wait_comes_back_with_the_end(room: Room) -> None:
    """Whoever waits gets the finished job, and leaves nothing behind."""
    waiting = asyncio.create_task(room.execute(wait=60))
    await until(lambda: bool(room.handed.published))
    await room.end()
    job = await asyncio.wait_for(waiting, 5)

    assert job.status is Status.FAILED
    assert not room.ends.is_expected(JOB_ID)


async def test_wait_comes_back_after_its_time(room: Room) -> None:
    """A job that takes longer is answered as it stands."""
    job = await room.execute(wait=0.02)

    assert job.status is Status.RECEIVED
    assert not room.ends.is_expected(JOB_ID)


async def test_who_hangs_up_leaves_nothing_behind(room: Room) -> None:
    """A cancelled wait is forgotten."""
    waiting = asyncio.create_task(room.execute(wait=60))
    await until(lambda: bool(room.handed.published))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert not room.ends.is_expected(JOB_ID)


async def test_a_failure_to_store_leaves_nobody_waiting(room: Room) -> None:
    """A job that could not be stored is an error, at once, and published nowhere."""
    room.jobs.failure = Unavailable("DATABASE_UNAVAILABLE", "Away.")
    with pytest.raises(Unavailable):
        await room.execute(wait=60)

    assert not room.ends.is_expected(JOB_ID)
    assert room.handed.published == []


async def test_who_waits_looks_for_himself(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end of which nobody told this replica is found all the same."""
    monkeypatch.setattr(service, "RECHECK", 0.01)
    waiting = asyncio.create_task(room.execute(wait=60))
    await until(lambda: bool(room.handed.published))
    await room.jobs.ended(ended(job_id=JOB_ID))

    assert (await asyncio.wait_for(waiting, 5)).status is Status.FAILED


async def test_a_draining_service_lets_waiters_go(room: Room) -> None:
    """Those who wait when the service drains, and those who come then, get the job as it is."""
    waiting = asyncio.create_task(room.execute(wait=60))
    await until(lambda: bool(room.handed.published))
    await room.ends.drain()

    assert (await asyncio.wait_for(waiting, 5)).status is Status.RECEIVED
    assert (await asyncio.wait_for(room.execute(wait=60), 5)).status is Status.RECEIVED


@pytest.mark.parametrize(
    "job_id", ["01KAR0000000000000000000ZZ", "nonsense", "", "a\0b", JOB_ID.lower()]
)
async def test_what_is_not_there_is_not_found(room: Room, job_id: str) -> None:
    """No job, somebody else's job and no id at all are one answer."""
    await room.execute()
    with pytest.raises(NotFound) as caught:
        await room.service.get(OWNER, job_id)
    with pytest.raises(NotFound) as theirs:
        await room.service.get("user_2", JOB_ID)

    assert (caught.value.reason, caught.value.message) == (
        theirs.value.reason,
        theirs.value.message,
    )


async def test_pages_follow_each_other(room: Room) -> None:
    """Each page goes on where the one before ended, and the last has no cursor."""
    ids = [new_id() for _ in range(5)]
    for job_id in ids:
        await room.execute(job_id)
    seen, cursor, sizes = [], "", []
    while True:
        page, cursor = await room.service.page(OWNER, Filter(), 2, cursor)
        seen += [job.job_id for job in page]
        sizes.append(len(page))
        if not cursor:
            break

    assert (sorted(ids, reverse=True), [2, 2, 1]) == (seen, sizes)


async def test_a_page_that_is_just_full_has_no_next(room: Room) -> None:
    """There is a cursor only where there is more."""
    for _ in range(2):
        await room.execute(new_id())

    assert (await room.service.page(OWNER, Filter(), 2, ""))[1] == ""


@pytest.mark.parametrize(("limit", "cursor"), [(-1, ""), (101, ""), (1, "x"), (1, JOB_ID.lower())])
async def test_a_page_that_makes_no_sense_is_refused(room: Room, limit: int, cursor: str) -> None:
    """A page has 1 to 100 entries, and a cursor is an id."""
    with pytest.raises(InvalidArgument) as caught:
        await room.service.page(OWNER, Filter(), limit, cursor)

    assert [v.field for v in caught.value.violations] == ["cursor" if cursor else "limit"]


def test_a_page_has_twenty_entries_by_default(room: Room) -> None:
    """0 stands for the default."""
    assert [room.service.page_size(limit) for limit in (0, 1, 100)] == [20, 1, 100]


def test_a_language_is_listed_once(room: Room) -> None:
    """A version that two pools offer is one language."""
    other = replace(PYTHON, version="3.12.0")
    room.offers.languages = [PYTHON, other, replace(PYTHON, pool="second")]

    versions = [(offer.language, offer.version) for offer in room.service.languages()]
    assert versions == [("python", "3.11.2"), ("python", "3.12.0")]


async def test_a_job_carries_the_id_of_its_request(room: Room) -> None:
    """Whether it is published now or has to wait, the logs can be followed."""
    request_id.set("request_7")
    await room.execute()
    [publication] = room.handed.published

    assert "request_7" == publication.request_id


async def test_the_program_is_complete(room: Room) -> None:
    """What an executor gets has everything that was asked, and defaults for the rest."""
    await room.execute(
        stdin="in\0\r\n",
        args=["a"],
        env={"K": "v"},
        compile_args=["-c"],
        limits={"processes": 3},
        priority=9,
    )
    [publication] = room.handed.published
    assert isinstance(publication, Publication)
    spec = room.sent().spec

    assert (b"in\0\r\n", ["a"], {"K": "v"}, ["-c"]) == (
        spec.stdin,
        list(spec.args),
        dict(spec.env),
        list(spec.compile_args),
    )
    assert (3, DEFAULTS.memory_kb) == (spec.limits.processes, spec.limits.memory_kb)
