"""The names of streams, subjects, consumers and buckets; nowhere else are they written."""

JOBS_STREAM = "JOBS"
EVENTS_STREAM = "EVENTS"
EXECUTORS_BUCKET = "executors"
IDENTITY_KEYS_BUCKET = "identity_keys"

ALL_JOBS = "jobs.>"
ALL_EVENTS = "events.>"
ALL_STARTS = "events.*.started"
ALL_ENDS = "events.*.end"

STARTED = "started"
OUTPUT = "output"
END = "end"

WEBHOOK_CONSUMER = "webhook"  # the durable consumer of EVENTS that webhook services share


def job(pool: str, job_id: str) -> str:
    """Where a job waits for an executor of its pool."""
    return f"jobs.{pool}.{job_id}"


def pool_jobs(pool: str) -> str:
    """All jobs that wait for a pool."""
    return f"jobs.{pool}.>"


def pool_consumer(pool: str) -> str:
    """The durable consumer that a pool's executors share."""
    return f"pool-{pool}"


def event(job_id: str, kind: str) -> str:
    """Where something that happened to a job is told."""
    return f"events.{job_id}.{kind}"
