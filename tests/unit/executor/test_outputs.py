"""Output is told without holding anything up."""

import asyncio

import pytest
from tests.unit.executor.factories import JOB

from ignis.executor import outputs
from ignis.executor.models import Output, Stage, Stream
from ignis.executor.outputs import OutputEvents
from ignis.v1 import events_pb2

PIECE = Output(Stage.RUN, Stream.STDOUT, 0, b"x")


async def test_who_prints_nothing_costs_nothing() -> None:
    """Without output nothing is published, and no task is made."""
    told: list[events_pb2.JobEvent] = []

    async def publish(event: events_pb2.JobEvent) -> None:
        told.append(event)

    before = len(asyncio.all_tasks())
    await OutputEvents(publish, JOB, "one", 1).told()

    assert ([], before) == (told, len(asyncio.all_tasks()))


async def test_it_goes_on_after_a_pause() -> None:
    """Output that comes when all before it was told is told too."""
    told: list[bytes] = []

    async def publish(event: events_pb2.JobEvent) -> None:
        told.append(event.output.data)

    teller = OutputEvents(publish, JOB, "one", 1)
    for data in (b"1", b"2"):
        teller.tell(Output(Stage.RUN, Stream.STDOUT, 0, data))
        await teller.told()

    assert [b"1", b"2"] == told


async def test_an_end_waits_for_no_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody takes is dropped in the end."""
    monkeypatch.setattr(outputs, "PATIENCE", 0.01)
    stuck = asyncio.Event()

    async def publish(_: events_pb2.JobEvent) -> None:
        await stuck.wait()

    teller = OutputEvents(publish, JOB, "one", 1)
    teller.tell(PIECE)
    async with asyncio.timeout(5):
        await teller.told()
