"""Alembic's environment: migrate over the caller's connection, in its transaction."""

from alembic import context
from sqlalchemy import Connection

from translator.tables import Base

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)  # noqa: S101  # as `migrations.config` put it there
context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
