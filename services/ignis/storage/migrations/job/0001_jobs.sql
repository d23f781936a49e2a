-- Jobs, partitioned by day: an id carries its time, so the key is the range.
-- What users sent or printed is bytes: text would refuse NUL.
CREATE TABLE jobs (
    job_id text COLLATE "C" NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    language text NOT NULL,
    labels jsonb NOT NULL,
    request bytea NOT NULL, -- a serialized JobMessage, as it is published
    status text NOT NULL,
    verdict text,
    message text NOT NULL,
    executor text,
    exit_code integer,
    signal integer,
    exec_duration_ms double precision,
    cpu_time_ms double precision,
    memory_kb integer,
    stdout bytea,
    stderr bytea,
    stdout_truncated boolean,
    stderr_truncated boolean,
    compile bytea, -- a serialized CompileOutput
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz NOT NULL
) PARTITION BY RANGE (job_id);

CREATE INDEX jobs_by_owner ON jobs (owner, job_id DESC);

-- The queue of record: a row for each job that has not ended.
CREATE TABLE queue (
    job_id text COLLATE "C" PRIMARY KEY,
    owner text NOT NULL,
    pool text NOT NULL,
    priority smallint NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz, -- null while it waits for its turn
    publishes integer NOT NULL, -- how often it was handed to JetStream
    checked_at timestamptz -- when the relay last looked for its message
);

CREATE INDEX queue_waiting ON queue (pool, owner, priority DESC, job_id)
WHERE published_at IS NULL;

CREATE INDEX queue_published ON queue (pool, owner) WHERE published_at IS NOT NULL;

-- Keys of clients, good for a day; `fingerprint` tells another body.
CREATE TABLE idempotency_keys (
    owner text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
