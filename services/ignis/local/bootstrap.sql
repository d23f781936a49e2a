-- Makes the role and the database that the services use, and sets the role's password.
-- Run by psql as the superuser at every start, so that changed settings take effect.
\set ON_ERROR_STOP on
\getenv username IGNIS_DB_USERNAME
\getenv password IGNIS_DB_PASSWORD
\getenv database IGNIS_DB_DATABASE

SELECT format('CREATE ROLE %I LOGIN', :'username')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'username') \gexec

SELECT format('ALTER ROLE %I PASSWORD %L', :'username', :'password') \gexec

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'username')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
