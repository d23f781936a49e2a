"""Pools on a test's own schema."""

from contextlib import AbstractAsyncContextManager

from ignis.local.postgres import Database
from ignis.server.settings import DatabaseSettings
from ignis.storage.postgres import Pool, connect


def settings_for(database: Database, schema: str, **fields: object) -> DatabaseSettings:
    """What a service would read from its environment."""
    return DatabaseSettings.model_validate(
        {
            "db_host": database.host,
            "db_port": database.port,
            "db_database": database.database,
            "db_username": database.username,
            "db_password": database.password,
            "db_schema": schema,
            **fields,
        }
    )


def open_pool(database: Database, schema: str) -> AbstractAsyncContextManager[Pool]:
    """A pool on a schema."""
    return connect(settings_for(database, schema), "test")
