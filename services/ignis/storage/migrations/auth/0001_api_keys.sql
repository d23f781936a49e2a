-- API keys. Only the SHA-256 of a secret is stored, never the secret.
CREATE TABLE api_keys (
    id text COLLATE "C" PRIMARY KEY,          -- a ULID: sorts by the time it was made
    owner text NOT NULL,                      -- the user's id at the issuer of sessions
    name text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    prefix text NOT NULL,
    last_four text NOT NULL,
    scopes text[] NOT NULL,
    rate_limit integer NOT NULL CHECK (rate_limit > 0),  -- requests per minute
    is_active boolean NOT NULL,
    expires_at timestamptz,                   -- null: never
    last_used_at timestamptz,                 -- null: never
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    nonce text NOT NULL,                      -- names the request that made it
    UNIQUE (owner, nonce)                     -- which the gateway may have repeated
) WITH (fillfactor = 80);                     -- room for last_used_at to change in place

CREATE INDEX api_keys_of_owner ON api_keys (owner, id DESC);
