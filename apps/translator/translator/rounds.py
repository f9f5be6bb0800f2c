"""Rounds of the game: so far a message, kept."""

import unicodedata
from datetime import datetime
from typing import Annotated, Final

from psycopg.rows import class_row
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from translator.database import Database

MESSAGE_LENGTH: Final = 280
_ID_DIGITS: Final = 18
"""Every number of so many digits is a bigint, and no table will see longer ones."""


def _readable(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must hold no control characters, line breaks included")
    if not text.strip():
        raise ValueError("must hold something to read")
    return text


Message = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MESSAGE_LENGTH,
        json_schema_extra={
            "pattern": r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F]"
            r"[^\u0000-\u001F\u007F-\u009F]*$",
        },
    ),
    AfterValidator(_readable),
]


class NewRound(BaseModel):
    """What a player sends."""

    message: Message


class Round(BaseModel):
    """A round as it is kept."""

    model_config = ConfigDict(frozen=True)

    id: int
    message: str
    created: datetime


async def add(database: Database, new: NewRound) -> Round:
    """Keep a round; raises psycopg.OperationalError when the database is away."""
    async with database.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Round))
        await cursor.execute(
            "INSERT INTO rounds (message) VALUES (%s) RETURNING id, message, created",
            (new.message,),
        )
        kept = await cursor.fetchone()
    assert kept is not None  # noqa: S101  # RETURNING gives the row that was inserted
    return kept


async def find(database: Database, round_id: str) -> Round | None:
    """The round of that id, or None; an id that none can have is None without asking."""
    if not (round_id.isascii() and round_id.isdecimal() and len(round_id) <= _ID_DIGITS):
        return None
    async with database.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Round))
        await cursor.execute(
            "SELECT id, message, created FROM rounds WHERE id = %s", (int(round_id),)
        )
        return await cursor.fetchone()
