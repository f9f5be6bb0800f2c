"""Dependencies of routes."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Path, Request

from translator import rounds
from translator.database import Database
from translator.languages import FOREIGN, Language
from translator.latest import Latest
from translator.player import Player
from translator.rounds import Round
from translator.settings import Settings
from translator.streams import Streams
from translator.translation.offline import LISTED
from translator.visitors import Visitors, network

_ID_DIGITS: Final = 18
"""Every number of so many digits fits a bigint."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Components of one process of the app."""

    settings: Settings
    database: Database
    latest: Latest
    player: Player
    visitors: Visitors
    streams: Streams

    @property
    def languages(self) -> Sequence[Language]:
        """Languages that the game offers; without a translator, those with a word list."""
        if self.settings.translator_provider == "azure":
            return FOREIGN
        return [language for language in FOREIGN if language.code in LISTED]


async def _parts(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101  # as the factory put it there
    return parts


TheParts = Annotated[Parts, Depends(_parts)]


async def _round_id(
    round_id: Annotated[str, Path(description="the number of a round")],
) -> int:
    """Parse the id; 404 for one that no round can have."""
    if not (round_id.isascii() and round_id.isdecimal() and len(round_id) <= _ID_DIGITS):
        raise no_such_round()
    return int(round_id)


RoundId = Annotated[int, Depends(_round_id)]


async def _round(round_id: RoundId, parts: TheParts) -> Round:
    async with parts.database.reading() as session:
        found = await rounds.find(session, round_id)
    if found is None:
        raise no_such_round()
    return found


TheRound = Annotated[Round, Depends(_round)]


async def _stream(request: Request, parts: TheParts) -> AsyncGenerator[None]:
    with parts.streams.one_more(network(request)):
        yield


OneMoreStream = Depends(_stream)
"""Dependency of a streaming route: 429 when the caller's address has too many streams."""


def no_such_round() -> HTTPException:
    """Build the 404 of an unknown round."""
    return HTTPException(404, "There is no such round.")
