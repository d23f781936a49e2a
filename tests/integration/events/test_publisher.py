"""Publishing jobs and events."""

from pathlib import Path

import pytest
from tests.integration import restartable
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.events import connection, publisher, streams, subjects
from ignis.events.connection import Nats
from ignis.events.publisher import Publisher
from ignis.server.context import REQUEST_ID_HEADER, request_id
from ignis.v1 import events_pb2


async def messages(connected: Nats, stream: str) -> int:
    """How many messages a stream has."""
    return (await connected.jetstream.stream_info(stream)).state.messages


async def test_a_job_is_queued_once_per_attempt(connected: Nats) -> None:
    """The same attempt twice is one message, another attempt is another."""
    publish = Publisher(connected).publish_job
    await publish("default", "job1", b"x", 0, "")
    await publish("default", "job1", b"x", 0, "")
    assert 1 == await messages(connected, subjects.JOBS_STREAM)
    await publish("default", "job1", b"x", 1, "")
    assert 2 == await messages(connected, subjects.JOBS_STREAM)


async def test_a_job_carries_the_id_of_its_request(connected: Nats) -> None:
    """Whoever publishes it: the one that does so later serves no request."""
    request_id.set("another")
    await Publisher(connected).publish_job("default", "job1", b"x", 0, "request_7")
    message = await connected.jetstream.get_last_msg(
        subjects.JOBS_STREAM, subjects.job("default", "job1")
    )

    assert {"request_7"} == {(message.headers or {}).get(REQUEST_ID_HEADER)}


async def test_a_job_is_seen_and_forgotten(connected: Nats) -> None:
    """A queued job can be found and taken out, also twice, and no other goes with it."""
    queue = Publisher(connected)
    await queue.publish_job("default", "job1", b"x", 0, "")
    await queue.publish_job("default", "job2", b"x", 0, "")

    assert await queue.job_is_queued("default", "job1")
    await queue.forget_job("default", "job1")
    await queue.forget_job("default", "job1")
    assert not await queue.job_is_queued("default", "job1")
    assert await queue.job_is_queued("default", "job2")


async def test_a_job_ends_once(connected: Nats) -> None:
    """The first end stands; the second is refused, and says so."""
    queue = Publisher(connected)
    first = events_pb2.JobEvent(job_id="job1", executor="one")
    second = events_pb2.JobEvent(job_id="job1", executor="two")

    assert await queue.publish_end(first)
    assert not await queue.publish_end(second)
    kept = await connected.jetstream.get_last_msg(subjects.EVENTS_STREAM, "events.job1.end")
    assert first.SerializeToString() == kept.data


async def test_an_end_is_not_disturbed_by_a_start(connected: Nats) -> None:
    """A start, before or after, is no end, and other jobs end as well."""
    queue = Publisher(connected)
    await queue.publish_started(events_pb2.JobEvent(job_id="job1"))

    assert await queue.publish_end(events_pb2.JobEvent(job_id="job1"))
    assert await queue.publish_end(events_pb2.JobEvent(job_id="job2"))
    await queue.publish_started(events_pb2.JobEvent(job_id="job1"))

    async def all_stored() -> bool:
        return await messages(connected, subjects.EVENTS_STREAM) == 4

    await until(all_stored)


async def test_the_request_travels_along(connected: Nats) -> None:
    """Messages carry the id of the request that they come from; without one, none."""
    queue = Publisher(connected)
    token = request_id.set("req-1")
    await queue.publish_end(events_pb2.JobEvent(job_id="job1"))
    request_id.reset(token)
    await queue.publish_end(events_pb2.JobEvent(job_id="job2"))

    get = connected.jetstream.get_last_msg
    first = await get(subjects.EVENTS_STREAM, "events.job1.end")
    second = await get(subjects.EVENTS_STREAM, "events.job2.end")
    assert "req-1" == (first.headers or {})[REQUEST_ID_HEADER]
    assert REQUEST_ID_HEADER not in (second.headers or {})


async def test_a_server_that_is_away_is_said_so_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing fails as Unavailable during an outage, and works on after it."""
    monkeypatch.setattr(publisher, "ACK_LIMIT", 0.3)
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
    ):
        await streams.ensure(connected)
        queue = Publisher(connected)
        await queue.publish_job("default", "before", b"x", 0, "")
        connected.jetstream._timeout = 0.3
        await server.stop()
        await until(lambda: not connected.client.is_connected)
        for call in (
            queue.publish_job("default", "job1", b"x", 0, ""),
            queue.publish_end(events_pb2.JobEvent(job_id="job1")),
            queue.job_is_queued("default", "job1"),
            queue.forget_job("default", "job1"),
        ):
            with pytest.raises(Unavailable):
                await call
        await queue.publish_started(events_pb2.JobEvent(job_id="job1"))  # not worth an error
        await server.start()
        await until(lambda: connected.client.is_connected)
        await queue.publish_job("default", "after", b"x", 0, "")

        assert await queue.job_is_queued("default", "before")
        assert await queue.job_is_queued("default", "after")


async def test_a_missing_stream_is_unavailable(connected: Nats) -> None:
    """A server without the streams stores nothing, and that isn't taken for success."""
    await connected.jetstream.delete_stream(subjects.EVENTS_STREAM)
    with pytest.raises(Unavailable):
        await Publisher(connected).publish_end(events_pb2.JobEvent(job_id="job1"))
