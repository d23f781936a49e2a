"""JetStream, in the job service's own types."""

from google.protobuf.message import DecodeError

from ignis.events.publisher import Publisher
from ignis.job import codec
from ignis.job.models import Ended, Publication


class JobStream:
    """Implements the `Stream` of dispatcher, relay and ends."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def publish_job(self, publication: Publication) -> None:
        """Queue a job."""
        await self._publisher.publish_job(
            publication.pool,
            publication.job_id,
            publication.payload,
            publication.attempt,
            publication.request_id,
        )

    async def job_is_queued(self, pool: str, job_id: str) -> bool:
        """Whether a job's message is in the stream."""
        return await self._publisher.job_is_queued(pool, job_id)

    async def forget_job(self, pool: str, job_id: str) -> None:
        """Take a job out of the queue."""
        await self._publisher.forget_job(pool, job_id)

    async def publish_end(self, ended: Ended) -> bool:
        """Tell an end; False when there is one already."""
        return await self._publisher.publish_end(codec.end_event(ended))

    async def find_end(self, job_id: str) -> Ended | None:
        """How a job ended, if the stream knows and it can be read."""
        try:
            event = await self._publisher.find_end(job_id)
            found = codec.read_event(event) if event is not None else None
        except (DecodeError, ValueError):
            return None
        return found if isinstance(found, Ended) else None
