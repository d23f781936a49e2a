"""Publishing jobs and events."""

from contextlib import suppress

import nats.errors
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from ignis.errors import Unavailable
from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.server.context import REQUEST_ID_HEADER, request_id
from ignis.v1 import events_pb2

ACK_LIMIT = 5.0  # seconds that JetStream may take to store a message
WRONG_LAST_SEQUENCE = 10071  # JetStream's code for "this subject has a message already"


class Publisher:
    """Writes to the streams."""

    def __init__(self, connection: Nats) -> None:
        self._nats = connection

    async def publish_job(
        self, pool: str, job_id: str, payload: bytes, attempt: int, request: str
    ) -> None:
        """Queue a job for a pool.

        Args:
            pool: the pool.
            job_id: the job.
            payload: a serialized JobMessage.
            attempt: how often it was published before; JetStream takes the
                same attempt once.
            request: the id of the request that asked for it.

        Raises:
            Unavailable: JetStream did not store it.
        """
        await self._store(
            subjects.job(pool, job_id),
            payload,
            {Header.MSG_ID.value: f"{job_id}:{attempt}", REQUEST_ID_HEADER: request},
        )

    async def publish_started(self, event: events_pb2.JobEvent) -> None:
        """Tell that a job has started; not worth waiting for, nor repeating."""
        await self._nats.client.publish(
            subjects.event(event.job_id, subjects.STARTED),
            event.SerializeToString(),
            headers=_headers(),
        )

    async def publish_output(self, event: events_pb2.JobEvent) -> None:
        """Tell what a job printed; while NATS is away it is dropped, since the end has it too."""
        if not self._nats.client.is_connected:
            return
        with suppress(nats.errors.Error):
            await self._nats.client.publish(
                subjects.event(event.job_id, subjects.OUTPUT),
                event.SerializeToString(),
                headers=_headers(),
            )

    async def publish_end(self, event: events_pb2.JobEvent) -> bool:
        """Tell how a job ended; False when the stream already has an end for it.

        Raises:
            Unavailable: JetStream did not store it.
        """
        try:
            await self._store(
                subjects.event(event.job_id, subjects.END),
                event.SerializeToString(),
                {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: "0"},
            )
        except APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                return False
            raise
        return True

    async def job_is_queued(self, pool: str, job_id: str) -> bool:
        """Whether the job's message is still in the stream, delivered or not.

        Raises:
            Unavailable: JetStream did not answer.
        """
        try:
            await self._nats.jetstream.get_last_msg(
                subjects.JOBS_STREAM, subjects.job(pool, job_id)
            )
        except NotFoundError:
            return False
        except nats.errors.Error as error:
            raise _unavailable() from error
        return True

    async def find_end(self, job_id: str) -> events_pb2.JobEvent | None:
        """How a job ended, as long as the stream remembers it; None when it has not.

        Raises:
            Unavailable: JetStream did not answer.
        """
        try:
            message = await self._nats.jetstream.get_last_msg(
                subjects.EVENTS_STREAM, subjects.event(job_id, subjects.END)
            )
        except NotFoundError:
            return None
        except nats.errors.Error as error:
            raise _unavailable() from error
        return events_pb2.JobEvent.FromString(message.data or b"")

    async def forget_job(self, pool: str, job_id: str) -> None:
        """Take a job out of the queue, whether it is there or not.

        Raises:
            Unavailable: JetStream did not answer.
        """
        try:
            await self._nats.jetstream.purge_stream(
                subjects.JOBS_STREAM, subject=subjects.job(pool, job_id)
            )
        except nats.errors.Error as error:
            raise _unavailable() from error

    async def _store(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        if not self._nats.client.is_connected:
            raise _unavailable()  # waiting for an answer would only hold up the caller
        try:
            await self._nats.jetstream.publish(
                subject, payload, timeout=ACK_LIMIT, headers=_headers() | headers
            )
        except APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                raise
            raise _unavailable() from error
        except nats.errors.Error as error:
            raise _unavailable() from error


def _headers() -> dict[str, str]:
    return {REQUEST_ID_HEADER: request_id.get()} if request_id.get() else {}


def _unavailable() -> Unavailable:
    return Unavailable("QUEUE_UNAVAILABLE", "The queue is away for now; try again.", retry_after=1)
