"""The API."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from translator import actions, names, problems, rounds
from translator.database import AWAY
from translator.dependencies import OneMoreStream, RoundId, TheParts, TheRound

router = APIRouter()

_COOKIE: Final = {"Set-Cookie": {"schema": {"type": "string"}, "description": "on the first call"}}
_LOCATION: Final = {"Location": {"schema": {"type": "string"}, "description": "of the round"}}


class Name(BaseModel):
    """A name for a player."""

    name: str


@router.get("/generate_name", responses=problems.responses(404, 422))
async def generate_name(
    starts_with: Annotated[str, Query(description="its first letters, in any case")] = "",
) -> Name:
    """A random name with this beginning; 404 if there is none."""
    name = names.generate(starts_with)
    if name is None:
        raise HTTPException(404, f"No name starts with {starts_with!r}.")
    return Name(name=name)


@router.post(
    "/api/rounds",
    status_code=201,
    responses={
        201: {"headers": _LOCATION | _COOKIE},
        **problems.responses(400, 403, 413, 422, 429, 503),
    },
)
async def post_round(
    new: rounds.NewRound, request: Request, response: Response, parts: TheParts
) -> rounds.Round:
    """Start a round, played in the background; Location is its address."""
    kept, visitor = await actions.begin(parts, request, new)
    response.headers["Location"] = f"/api/rounds/{kept.id}"
    if await parts.visitors.known(request) is None:
        await parts.visitors.cookie(request, response, visitor)
    return kept


@router.get("/api/rounds", responses=problems.responses(422, 503))
async def list_rounds(
    parts: TheParts,
    order: rounds.Order = "recent",
    num: Annotated[int, Query(ge=1, le=rounds.MOST_ITEMS)] = rounds.USUAL_ITEMS,
    after: Annotated[
        str | None, Query(pattern=rounds.CURSOR, description="`next` of the page before")
    ] = None,
) -> rounds.Page:
    """Rounds of all visitors, without those that failed or were flagged twice."""
    async with parts.database.reading() as session:
        return await rounds.listed(session, order, num=num, after=after)


@router.get("/api/rounds/{round_id}", responses=problems.responses(404, 422, 503))
async def get_round(found: TheRound) -> rounds.Round:
    """The round with this id."""
    return found


@router.delete(
    "/api/rounds/{round_id}", status_code=204, responses=problems.responses(403, 404, 422, 503)
)
async def delete_round(round_id: RoundId, request: Request, parts: TheParts) -> None:
    """Delete your own round permanently."""
    await actions.remove(parts, request, round_id)


@router.post(
    "/api/rounds/{round_id}/reactions",
    status_code=201,
    responses={
        200: {
            "model": rounds.Reactions,
            "description": "You have reacted in this way before: unchanged",
        },
        201: {"headers": _COOKIE},
        **problems.responses(400, 403, 404, 413, 422, 429, 503),
    },
)
async def post_reaction(
    new: rounds.NewReaction,
    round_id: RoundId,
    request: Request,
    response: Response,
    parts: TheParts,
) -> rounds.Reactions:
    """React to a round, once in each way; the response has the counts of all reactions."""
    counts, visitor, added = await actions.react(parts, request, round_id, new.type)
    if not added:
        response.status_code = 200
    elif await parts.visitors.known(request) is None:
        await parts.visitors.cookie(request, response, visitor)
    return counts


@router.get(
    "/api/rounds/{round_id}/events",
    response_class=EventSourceResponse,
    responses=problems.responses(404, 422, 429, 503),
    # First, so that a refused request costs the database nothing.
    dependencies=[OneMoreStream],
)
async def follow_round(
    found: TheRound,
    parts: TheParts,
    last_event_id: Annotated[str | None, Header(description="number of the last hop seen")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Events `hop` (a hop), `notice` (a text), then `done` (the round) or `error` (its detail)."""
    given = (last_event_id or "")[:9]  # int() raises an error for thousands of digits
    seen = int(given) if given.isdecimal() else 0
    said: str | None = None
    now: rounds.Round | None = found
    while True:
        if now is None:
            yield _failure("This round was deleted.")
            return
        for hop in now.hops:
            if hop.n > seen:
                data = hop.model_dump_json(by_alias=True)
                yield ServerSentEvent(event="hop", id=str(hop.n), raw_data=data)
                seen = hop.n
        if now.notice != said:
            said = now.notice
            yield ServerSentEvent(event="notice", data={"text": said})
        if now.status == "done":
            yield ServerSentEvent(event="done", raw_data=now.model_dump_json(by_alias=True))
            return
        if now.status == "failed":
            yield _failure("This round could not be completed.")
            return
        if parts.player.stopping:
            return  # the client reconnects, with the number of the last hop it saw
        try:
            now = await parts.streams.look(now)
        except AWAY:
            continue  # the round waits too


def _failure(detail: str) -> ServerSentEvent:
    return ServerSentEvent(event="error", data={"detail": detail})
