-- Whoever publishes a job, its messages carry the id of the request that asked for it.
ALTER TABLE queue ADD COLUMN request_id text NOT NULL DEFAULT '';
