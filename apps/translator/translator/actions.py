"""Actions of visitors, the same for the API and for forms."""

import uuid

from fastapi import HTTPException, Request

from translator import limits, reactions, rounds, visitors
from translator.dependencies import Parts, no_such_round
from translator.rounds import NewRound, Reactions, ReactionType, Round


async def begin(parts: Parts, request: Request, new: NewRound) -> tuple[Round, uuid.UUID]:
    """Store a round and play it in the background; raises limits.LimitError.

    Also returns the visitor, who needs a cookie if the request had none.
    """
    visitor = await parts.visitors.known(request) or uuid.uuid4()
    address = await parts.visitors.address(request)
    async with parts.database.writing() as session:
        await visitors.keep(session, visitor)
        await limits.write(
            session,
            visitor=str(visitor),
            address=address,
            per_visitor=parts.settings.visitor_writes_per_hour,
            per_address=parts.settings.address_writes_per_hour,
        )
        kept = await rounds.add(
            session,
            new,
            visitor=visitor,
            runner=parts.player.id,
            codes=[language.code for language in parts.languages],
        )
    parts.player.play(kept.id)
    return kept, visitor


async def react(
    parts: Parts, request: Request, round_id: int, kind: ReactionType
) -> tuple[Reactions, uuid.UUID, bool]:
    """Add a reaction; return the counts, the visitor, and False for a repeated one.

    Raises limits.LimitError, and 404 for an unknown round.
    """
    visitor = await parts.visitors.known(request) or uuid.uuid4()
    address = await parts.visitors.address(request)
    async with parts.database.writing() as session:
        counts, said = await reactions.so_far(session, round_id, visitor, kind)
        if counts is None:
            raise no_such_round()
        if said:
            return counts, visitor, False
        await visitors.keep(session, visitor)
        await limits.write(
            session,
            visitor=str(visitor),
            address=address,
            per_visitor=parts.settings.visitor_writes_per_hour,
            per_address=parts.settings.address_writes_per_hour,
        )
        now = await reactions.add(session, round_id, visitor, kind)
    return now or counts, visitor, now is not None


async def own(parts: Parts, request: Request, round_id: int) -> str:
    """Return the message of the visitor's own round; 403 and 404 as for `remove`."""
    visitor = await parts.visitors.known(request)
    async with parts.database.reading() as session:
        return _of(visitor, await rounds.owner(session, round_id))


async def remove(parts: Parts, request: Request, round_id: int) -> None:
    """Delete the visitor's own round; 403 for another visitor's, 404 for an unknown one."""
    visitor = await parts.visitors.known(request)
    async with parts.database.writing() as session:
        _of(visitor, await rounds.owner(session, round_id, lock=True))
        await rounds.remove(session, round_id)


def _of(visitor: uuid.UUID | None, found: tuple[uuid.UUID | None, str] | None) -> str:
    """Return the message of a round, given its owner and message, if it is the visitor's."""
    if found is None:
        raise no_such_round()
    owner, message = found
    if visitor is None or owner != visitor:
        raise HTTPException(403, "A round can be deleted only by the visitor who sent it.")
    return message
