-- Endpoints, and one delivery for each endpoint and event.

CREATE TABLE webhooks (
    id          text COLLATE "C" PRIMARY KEY,  -- a ULID
    owner       text NOT NULL,
    url         text NOT NULL,
    events      text[] NOT NULL,
    description text NOT NULL,
    secret      bytea NOT NULL,  -- the key itself: HMAC needs it, so a hash won't do
    is_active   boolean NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    nonce       text  -- of the request that made it, so that a repeated one makes no second
);
CREATE UNIQUE INDEX webhooks_owner_id ON webhooks (owner, id);
CREATE UNIQUE INDEX webhooks_owner_nonce ON webhooks (owner, nonce);

CREATE TABLE webhook_deliveries (
    webhook_id  text COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id    text COLLATE "C" NOT NULL,  -- the same however often the event is told
    event_type  text NOT NULL,
    job_id      text COLLATE "C" NOT NULL,
    payload     bytea NOT NULL,  -- the body, byte for byte as it will be signed
    status      text NOT NULL DEFAULT 'pending',
    occurred_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_created_at ON webhook_deliveries (created_at);
