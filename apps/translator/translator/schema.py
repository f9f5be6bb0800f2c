"""The tables; made by the app itself for as long as there is but one version of them."""

from typing import Final

from psycopg import AsyncConnection

_LOCK: Final = 0x7E1E_0001
"""Any number, the same in every replica."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS rounds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 280),
    created timestamptz NOT NULL DEFAULT now()
)
"""


async def prepare(connection: AsyncConnection) -> None:
    """Make what is missing. Replicas that start together wait for each other."""
    async with connection.transaction():
        # IF NOT EXISTS alone lets two at once collide.
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute(_TABLES)
