"""Events in: what executors tell about jobs."""

import asyncio

from google.protobuf.message import DecodeError

from ignis.events import subjects
from ignis.events.consumer import Delivery, Subscription
from ignis.job import codec
from ignis.job.ends import Ends
from ignis.job.models import Ended, Started
from ignis.server.logs import get_logger
from ignis.v1 import events_pb2

log = get_logger()

EVENTS = Subscription(
    stream=subjects.EVENTS_STREAM,
    durable="job",
    subjects=(subjects.ALL_STARTS, subjects.ALL_ENDS),
    workers=8,
)


class EventConsumer:
    """Stores what happened to jobs."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._hurrying: set[asyncio.Task[None]] = set()

    async def handle(self, delivery: Delivery) -> None:
        """Store one event; one that can't be read is dropped, or it would come for ever."""
        match _read(delivery.data):
            case Started() as started:
                await self._ends.begin(started)
            case Ended() as ended:
                await self._ends.apply(ended)
            case None:
                log.error("dropping an event that can't be read", subject=delivery.subject)

    async def hear(self, data: bytes) -> None:
        """Hurry with an end that somebody waits for on this replica."""
        event = _read(data)
        if isinstance(event, Ended) and self._ends.is_expected(event.job_id):
            # Not awaited: the next end must not wait for this one's row.
            task = asyncio.create_task(self._ends.hurry(event))
            self._hurrying.add(task)
            task.add_done_callback(self._hurrying.discard)


def _read(data: bytes) -> Started | Ended | None:
    try:
        return codec.read_event(events_pb2.JobEvent.FromString(data))
    except (DecodeError, ValueError):
        return None
