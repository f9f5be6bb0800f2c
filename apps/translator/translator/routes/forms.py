"""Forms and a visitor's own rounds; cookies are set and read here, nothing is cached."""

import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from translator import actions, problems, rendering, rounds
from translator.dependencies import Parts, RoundId, TheParts, TheRound
from translator.limits import LimitError
from translator.rounds import NewReaction
from translator.routes.pages import front, round_page

router = APIRouter(include_in_schema=False)

_SUBJECTS = {
    "message": "The message",
    "hops": "The number of languages",
    "seed": "The seed",
    "languages": "The list of languages",
}


@router.get("/forms/rounds/{round_id}/removal")
async def confirm_removal(round_id: RoundId, request: Request, parts: TheParts) -> Response:
    """Ask before the visitor's own round is deleted."""
    message = await actions.own(parts, request, round_id)
    page = rendering.page(request, "removal.html", round_id=round_id, message=message)
    page.headers["Cache-Control"] = "private, no-store"
    return page


@router.get("/forms/rounds/{round_id}/reaction")
async def reacted(request: Request, found: TheRound) -> Response:
    """The round after a reaction: of its own page, caches may still have the earlier counts."""
    return round_page(request, found, reacted=True)


@router.get("/forms/{rest:path}")
async def back() -> Response:
    """Redirect a reload of a form's response that does not resubmit the form."""
    return RedirectResponse("/", status_code=303)


@router.post("/forms/round")
async def begin(request: Request, parts: TheParts) -> Response:
    """Start a round and redirect to it, or show the form again with the errors."""
    form = await _form(request)
    try:
        new = rounds.NewRound.model_validate(_wish(form))
    except ValidationError as error:
        wrong = problems.field_errors(error.errors())
        messages = dict(_sentence(error["field"], error["message"]) for error in wrong)
        return _again(request, parts, form, 422, errors=messages)
    try:
        kept, visitor = await actions.begin(parts, request, new)
    except LimitError as error:
        page = _again(request, parts, form, 429, trouble=str(error))
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    except problems.DATABASE_ERRORS as error:
        # What was typed is not lost.
        page = _again(request, parts, form, 503, trouble=problems.unavailable(error))
        page.headers["Retry-After"] = str(problems.RETRY_SECONDS)
        return page
    response = RedirectResponse(f"/rounds/{kept.id}", status_code=303)
    if await parts.visitors.known(request) is None:
        await parts.visitors.cookie(request, response, visitor)
    return response


@router.post("/forms/rounds/{round_id}/reaction")
async def react(round_id: RoundId, request: Request, parts: TheParts) -> Response:
    """React to a round, and redirect to the counts."""
    try:
        new = NewReaction.model_validate({"type": (await _form(request)).get("type", [""])[0]})
    except ValidationError:
        raise HTTPException(422, "A reaction must be funny, deep or flag.") from None
    _, visitor, added = await actions.react(parts, request, round_id, new.type)
    response = RedirectResponse(f"/forms/rounds/{round_id}/reaction#end", status_code=303)
    if added and await parts.visitors.known(request) is None:
        await parts.visitors.cookie(request, response, visitor)
    return response


@router.post("/forms/rounds/{round_id}/removal")
async def remove(round_id: RoundId, request: Request, parts: TheParts) -> Response:
    """Delete the visitor's own round, and redirect to the others."""
    await actions.remove(parts, request, round_id)
    return RedirectResponse("/yours", status_code=303)


@router.api_route("/yours", methods=["GET", "HEAD"])
async def yours(request: Request, parts: TheParts, after: str | None = None) -> Response:
    """The visitor's own rounds."""
    visitor = await parts.visitors.known(request)
    found = rounds.Page(items=[], next=None)
    if visitor is not None:
        async with parts.database.reading() as session:
            try:
                found = await rounds.of_visitor(
                    session, visitor, num=rounds.USUAL_ITEMS, after=after
                )
            except ValueError:
                raise HTTPException(404, "There is no such page of the list.") from None
    page = rendering.page(
        request, "rounds.html", title="Your rounds", path="/yours", page=found, own=True
    )
    page.headers["Cache-Control"] = "private, no-store"
    return page


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode(errors="replace"), max_num_fields=200)


def _wish(form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Convert a form to the input of a round; picked languages are shuffled by the seed."""
    wish: dict[str, Any] = {"message": form.get("message", [""])[0]}
    seed = form.get("seed", [""])[0].strip()
    wish["seed"] = _number(seed) if seed else secrets.randbelow(rounds.LARGEST_SEED + 1)
    if picked := list(form.get("languages", ())):
        if "ordered" not in form and isinstance(wish["seed"], int):
            random.Random(wish["seed"]).shuffle(picked)  # noqa: S311  # a game
        wish["languages"] = picked
        wish["hops"] = len(picked)
    elif hops := form.get("hops", [""])[0].strip():
        wish["hops"] = _number(hops)
    return wish


def _sentence(field: str, message: str) -> tuple[str, str]:
    """Name of a form's field, and an error message as a sentence."""
    name, _, index = field.partition(".")
    subject = "Each language" if index else _SUBJECTS.get(name, "This form")
    return name, f"{subject} {message}."


def _number(text: str) -> int | str:
    """Parse a number; return other text as it is, for validation to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else text  # noqa: PLR2004


def _again(
    request: Request,
    parts: Parts,
    form: Mapping[str, Sequence[str]],
    status: int,
    **context: object,
) -> Response:
    given = {name: form.get(name, [""])[0] for name in ("message", "hops", "seed")}
    return front(
        request, parts, status=status, picked=form.get("languages", ()), **given, **context
    )
