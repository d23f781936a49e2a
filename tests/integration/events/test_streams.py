"""The streams and buckets."""

import asyncio
from dataclasses import replace

import pytest

from ignis.events import streams, subjects
from ignis.events.connection import Nats


async def config(connected: Nats, stream: str) -> object:
    """The configuration that the server has."""
    return (await connected.jetstream.stream_info(stream)).config


async def test_making_sure_twice_changes_nothing(connected: Nats) -> None:
    """Every service makes sure of the streams, also all at once."""
    before = await config(connected, subjects.EVENTS_STREAM)
    await asyncio.gather(*(streams.ensure(connected) for _ in range(5)))

    assert before == await config(connected, subjects.EVENTS_STREAM)


async def test_what_is_written_here_wins(connected: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that an older version made gets the newer configuration, and keeps its messages."""
    await connected.jetstream.publish("events.1.end", b"x")
    jobs, events = streams.STREAMS
    monkeypatch.setattr(streams, "STREAMS", (jobs, replace(events, max_age=600.0)))
    await streams.ensure(connected)
    info = await connected.jetstream.stream_info(subjects.EVENTS_STREAM)

    assert (600.0, 1) == (info.config.max_age, info.state.messages)


async def test_a_bucket_is_made_once_and_changed_when_asked(
    connected: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that an older version made gets the newer time to live, and keeps its keys."""
    name = subjects.IDENTITY_KEYS_BUCKET
    await (await streams.bucket(connected, name)).put("a", b"1")
    monkeypatch.setitem(streams.BUCKETS, name, 60.0)
    bucket = await streams.bucket(connected, name)

    assert b"1" == (await bucket.get("a")).value
    assert 60.0 == (await bucket.status()).ttl
