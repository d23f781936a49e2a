"""The streams and buckets; every service makes sure of them when it starts."""

from nats.js.api import KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError
from nats.js.kv import KeyValue

from ignis.events import subjects
from ignis.events.connection import Nats

EVENTS_AGE = 3600.0  # seconds; after that the stored row has all that remains
DUPLICATE_WINDOW = 120.0  # seconds in which the same message id is taken once
EXECUTORS_AGE = 600.0  # seconds; a language that was offered within it is accepted
IDENTITY_KEYS_AGE = 86400.0  # seconds; the auth service renews its own every minute

STREAMS = (
    StreamConfig(
        name=subjects.JOBS_STREAM,
        subjects=[subjects.ALL_JOBS],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        duplicate_window=DUPLICATE_WINDOW,
    ),
    StreamConfig(
        name=subjects.EVENTS_STREAM,
        subjects=[subjects.ALL_EVENTS],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        max_age=EVENTS_AGE,
        duplicate_window=DUPLICATE_WINDOW,
    ),
)
BUCKETS = {
    subjects.EXECUTORS_BUCKET: EXECUTORS_AGE,
    subjects.IDENTITY_KEYS_BUCKET: IDENTITY_KEYS_AGE,
}


async def ensure(connection: Nats) -> None:
    """Make the streams, or change them to what is written here."""
    for config in STREAMS:
        try:
            await connection.jetstream.add_stream(config)
        except BadRequestError:  # it exists, with another configuration
            await connection.jetstream.update_stream(config)


async def bucket(connection: Nats, name: str) -> KeyValue:
    """Open one of the BUCKETS, making it, or changing it to what is written here."""
    age = BUCKETS[name]
    wanted = KeyValueConfig(bucket=name, history=1, ttl=age, storage=StorageType.FILE)
    try:
        return await connection.jetstream.create_key_value(wanted)
    except BadRequestError:  # it exists, with another time to live
        present = (await connection.jetstream.stream_info(f"KV_{name}")).config
        await connection.jetstream.update_stream(
            present.evolve(max_age=age, duplicate_window=min(age, DUPLICATE_WINDOW))
        )
        return await connection.jetstream.key_value(name)
