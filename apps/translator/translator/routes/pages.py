"""Pages for people; everything on them works without script."""

from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from translator import problems, rendering, rounds
from translator.assets import ASSETS
from translator.dependencies import TheDatabase

router = APIRouter(include_in_schema=False)

_SHARED_SECONDS: Final = 60
_YEAR: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=60"


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """What this is, and a form."""
    page = rendering.page(request, "index.html", length=rounds.MESSAGE_LENGTH)
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.post("/rounds")
async def post_form(request: Request, database: TheDatabase) -> Response:
    """Keep the form's message and go to its round, or show the form again with what is wrong."""
    message = parse_qs((await request.body()).decode(errors="replace")).get("message", [""])[0]
    try:
        new = rounds.NewRound(message=message)
    except ValidationError as error:
        wrong = problems.field_errors(error.errors())[0]["message"]
        return rendering.page(
            request,
            "index.html",
            status=422,
            length=rounds.MESSAGE_LENGTH,
            message=message,
            error=wrong.removeprefix("String "),  # the page says "This message …"
        )
    kept = await rounds.add(database, new)
    return RedirectResponse(f"/rounds/{kept.id}", status_code=303)


@router.api_route("/rounds/{round_id}", methods=["GET", "HEAD"])
async def show_round(request: Request, round_id: str, database: TheDatabase) -> Response:
    """One round."""
    kept = await rounds.find(database, round_id)
    if kept is None:
        raise HTTPException(404, "There is no such round.")
    page = rendering.page(request, "round.html", round=kept)
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/assets/{fingerprint}/{name}", methods=["GET", "HEAD"])
async def asset(fingerprint: str, name: str) -> Response:
    """A static file, for a year if the fingerprint is its own.

    During a deploy a page and its assets may come from two versions of the site. Then the file
    that is here is better than none, but only for a minute.
    """
    found = ASSETS.get(name)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    cache = _YEAR if fingerprint == found.fingerprint else _BRIEFLY
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": cache})
