"""A job from the queue to its end, whatever happens on the way."""

import pytest
from tests.unit.executor.factories import JOB, Sandbox, commands, message, step

from ignis.errors import Unavailable
from ignis.events.consumer import Delivery
from ignis.executor.consumer import TELL_TRIES, JobConsumer, subscription
from ignis.executor.metrics import JobMetrics
from ignis.executor.models import Outcome, Output, Stage, Stream
from ignis.executor.service import Executor
from ignis.server.metrics import Metrics
from ignis.v1 import events_pb2

ATTEMPTS = 3


class Events:
    """A stream of events in memory."""

    def __init__(self) -> None:
        self.started: list[events_pb2.JobEvent] = []
        self.printed: list[events_pb2.JobEvent] = []
        self.ended: list[events_pb2.JobEvent] = []
        self.refusals = 0
        self.tries = 0

    async def publish_started(self, event: events_pb2.JobEvent) -> None:
        """Keep a start."""
        self.started.append(event)

    async def publish_output(self, event: events_pb2.JobEvent) -> None:
        """Keep what was printed."""
        assert not self.ended
        self.printed.append(event)

    async def publish_end(self, event: events_pb2.JobEvent) -> bool:
        """Keep an end, if it is the first."""
        self.tries += 1
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("AWAY", "Away.")
        if self.ended:
            return False
        self.ended.append(event)
        return True

    async def find_end(self, job_id: str) -> events_pb2.JobEvent | None:
        """What was told."""
        return next((event for event in self.ended if event.job_id == job_id), None)


class Room:
    """A consumer on a sandbox that does as it is told."""

    def __init__(self) -> None:
        self.sandbox, self.events, self.metrics = Sandbox(), Events(), Metrics("executor")
        self.executor = Executor(self.sandbox, {"python": commands()})
        self.consumer = JobConsumer(
            "one",
            self.executor,
            self.events,
            ATTEMPTS,
            JobMetrics(self.metrics, 2),
            tell_again=0,
        )

    async def deliver(self, attempt: int = 1, /, **fields: str) -> None:
        """Deliver a job, with these fields of its program."""
        data = message(**fields).SerializeToString()
        await self.consumer.handle(Delivery("jobs.default.x", data, attempt))

    def end(self) -> events_pb2.JobEnded:
        """The one end that was told."""
        [event] = self.events.ended
        return event.ended

    def counted(self, line: str) -> bool:
        """Whether the metrics have a line."""
        return line in self.metrics.render().decode().splitlines()


@pytest.fixture(name="room")
def room_fixture() -> Room:
    """A room in which nothing has run."""
    return Room()


def test_a_pools_executors_share_its_jobs() -> None:
    """The consumer is the pool's, and takes as many jobs at once as there are slots."""
    taking = subscription("gpu", 3)

    assert ("JOBS", "pool-gpu", ("jobs.gpu.>",), 3) == (
        taking.stream,
        taking.durable,
        taking.subjects,
        taking.workers,
    )


async def test_a_job_is_run_and_told(room: Room) -> None:
    """A start and an end are told, with the attempt, and the job is counted."""
    await room.deliver()

    assert [(JOB.job_id, 1)] == [(event.job_id, event.attempt) for event in room.events.started]
    assert ("completed", "accepted") == (room.end().status, room.end().verdict)
    assert room.counted('ignis_executor_jobs_total{language="python",verdict="accepted"} 1.0')
    assert room.counted("ignis_executor_jobs_running 0.0")


async def test_output_is_told_before_the_end(room: Room) -> None:
    """What a job prints is told in its order, all of it before its end, each with its place."""
    room.sandbox.prints = [
        Output(Stage.RUN, Stream.STDOUT, 0, b"one"),
        Output(Stage.RUN, Stream.STDERR, 0, b"\xff"),
        Output(Stage.RUN, Stream.STDOUT, 3, b"two"),
    ]
    await room.deliver(2)

    told = [(e.output.stage, e.output.stream, e.output.offset) for e in room.events.printed]
    assert [("run", "stdout", 0), ("run", "stderr", 0), ("run", "stdout", 3)] == told
    assert [b"one", b"\xff", b"two"] == [event.output.data for event in room.events.printed]
    event = room.events.printed[0]
    assert (JOB.job_id, JOB.owner, 2, "one") == (
        event.job_id,
        event.owner,
        event.attempt,
        event.executor,
    )
    assert len(room.events.ended) == 1


async def test_a_cancelled_job_is_told_as_such(room: Room) -> None:
    """Its status and its verdict say that it was cancelled."""
    room.sandbox.outcome = Outcome(compile=None, run=step(exit_code=None, signal=9))
    room.sandbox.meanwhile = lambda: room.executor.cancel(JOB.job_id)
    await room.deliver()

    assert ("cancelled", "cancelled") == (room.end().status, room.end().verdict)
    assert room.end().result.stdout == b"out\xff"
    assert room.counted('ignis_executor_jobs_total{language="python",verdict="cancelled"} 1.0')


async def test_a_sandbox_that_breaks_brings_the_job_back(room: Room) -> None:
    """The failure is raised, so that the message comes again; no end is told."""
    room.sandbox.outcome = RuntimeError("broken")
    with pytest.raises(RuntimeError, match="broken"):
        await room.deliver()

    assert room.events.ended == []
    assert room.counted("ignis_executor_jobs_running 0.0")


@pytest.mark.parametrize(("attempt", "runs"), [(ATTEMPTS, 1), (ATTEMPTS + 1, 0)])
async def test_attempts_are_bounded(room: Room, attempt: int, runs: int) -> None:
    """The last allowed attempt runs; the next one only tells that the job is given up."""
    await room.deliver(attempt)

    assert len(room.sandbox.programs) == len(room.events.started) == runs
    given_up = room.end().verdict == "internal_error"
    assert given_up == (runs == 0)
    if given_up:
        assert "after 3 attempts" in room.end().message


async def test_a_job_whose_end_was_told_is_not_run_again(room: Room) -> None:
    """When only the acknowledgement was lost, the message is done."""
    await room.deliver()
    await room.deliver(2)
    await room.deliver(ATTEMPTS + 1)

    assert (1, 1) == (len(room.sandbox.programs), len(room.events.ended))


async def test_a_second_end_is_no_error(room: Room) -> None:
    """Another executor was faster; this one's end is refused, and that is that."""
    room.events.ended.append(events_pb2.JobEvent(job_id=JOB.job_id))
    await room.deliver()

    assert len(room.events.ended) == 1


@pytest.mark.parametrize("data", [b"\xff\xff", b"", events_pb2.JobMessage().SerializeToString()])
async def test_what_cannot_be_read_is_dropped(room: Room, data: bytes) -> None:
    """Rubbish is acknowledged: the job service hands the job over again, or gives it up."""
    await room.consumer.handle(Delivery("jobs.default.x", data, 1))

    assert (room.events.started, room.events.ended) == ([], [])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"language": "cobol", "language_version": ""}, "does not have cobol."),
        ({"language_version": "2.7"}, "does not have python 2.7."),
    ],
)
async def test_what_is_not_here_is_told(room: Room, fields: dict[str, str], told: str) -> None:
    """A job that can't run here ends as our mistake, with what was missing."""
    await room.deliver(**fields)

    assert room.end().verdict == "internal_error"
    assert room.end().message.endswith(told)


async def test_a_network_that_is_off_is_told(room: Room) -> None:
    """A job that may not have the network here ends with what an operator can do."""
    asking = message()
    asking.spec.network = True
    await room.consumer.handle(Delivery("jobs.default.x", asking.SerializeToString(), 1))

    assert room.end().verdict == "internal_error"
    assert "SANDBOX_NETWORK" in room.end().message
    assert room.sandbox.programs == []


async def test_an_end_is_told_with_patience(room: Room) -> None:
    """While JetStream is away an end is tried again; the job is not."""
    room.events.refusals = TELL_TRIES - 1
    await room.deliver()

    assert room.end().status == "completed"
    assert (TELL_TRIES, 1) == (room.events.tries, len(room.sandbox.programs))


async def test_patience_has_an_end(room: Room) -> None:
    """At last the failure is raised, and the message comes again."""
    room.events.refusals = TELL_TRIES
    with pytest.raises(Unavailable):
        await room.deliver()

    assert (room.events.tries, room.events.ended) == (TELL_TRIES, [])
