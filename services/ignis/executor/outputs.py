"""Tells what a job prints while it runs; its end has all of it once more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ignis.executor import codec
from ignis.executor.models import Job, Output
from ignis.v1 import events_pb2

PATIENCE = 1.0  # seconds that output may still be on its way when the job has ended


class OutputEvents:
    """One job's output, told in its order, by nobody who runs the job.

    What waits is no more than the job's limits of output.
    """

    def __init__(
        self,
        publish: Callable[[events_pb2.JobEvent], Awaitable[None]],
        job: Job,
        executor: str,
        attempt: int,
    ) -> None:
        self._publish = publish
        self._job = job
        self._executor = executor
        self._attempt = attempt
        self._waiting: deque[Output] = deque()
        self._telling: asyncio.Task[None] | None = None

    def tell(self, output: Output) -> None:
        """Have it told, and don't wait."""
        self._waiting.append(output)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def told(self) -> None:
        """Wait until all is told, or dropped because nobody takes it."""
        if self._telling is not None:
            await asyncio.wait([self._telling], timeout=PATIENCE)
            self._telling.cancel()

    async def _tell_all(self) -> None:
        while self._waiting:
            output = self._waiting.popleft()
            event = codec.printed(self._job, self._executor, self._attempt, output)
            await self._publish(event)
