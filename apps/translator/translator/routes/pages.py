"""Public pages, the same for every visitor; all of them work without script."""

import random
from datetime import UTC, date, datetime
from importlib import resources
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from translator import assets, rendering, rounds
from translator.dependencies import Parts, TheParts, TheRound
from translator.example import EXAMPLE
from translator.rounds import Round

router = APIRouter(include_in_schema=False)

_SHARED_SECONDS: Final = 60
_YEAR: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=60"
_DAY: Final = "public, max-age=86400"
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_ROBOTS: Final = "User-agent: *\nDisallow: /api/\nDisallow: /forms/\nDisallow: /yours\nSitemap: "
_TITLES: Final[dict[rounds.Order, str]] = {"recent": "Recent rounds", "popular": "Popular rounds"}
_DESCRIPTIONS: Final[dict[rounds.Order, str]] = {
    "recent": "The latest phrases that went through many languages, and what came back.",
    "popular": "The phrases that came back funniest and deepest from many languages.",
}

PHRASES: Final = tuple(
    (resources.files("translator") / "phrases.txt").read_text(encoding="utf-8").splitlines()
)


_PHRASES_A_DAY: Final = 30


def offered(day: date) -> list[str]:
    """The phrases offered on a day, the same by every replica."""
    return random.Random(day.toordinal()).sample(PHRASES, min(_PHRASES_A_DAY, len(PHRASES)))  # noqa: S311  # a game


def front(request: Request, parts: Parts, *, status: int = 200, **context: object) -> Response:
    """Render the home page with the form."""
    return rendering.page(
        request,
        "index.html",
        status=status,
        length=rounds.MESSAGE_LENGTH,
        most_hops=rounds.MOST_HOPS,
        usual_hops=rounds.USUAL_HOPS,
        largest_seed=rounds.LARGEST_SEED,
        languages=parts.languages,
        phrases=offered(datetime.now(UTC).date()),
        example=EXAMPLE,
        **context,
    )


def round_page(request: Request, found: Round, *, reacted: bool = False) -> Response:
    """Render a round, not cacheable."""
    way = rounds.way(found.languages)
    page = rendering.page(request, "round.html", round=found, way=way, reacted=reacted)
    page.headers["Cache-Control"] = "no-store"
    return page


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request, parts: TheParts) -> Response:
    """The first page."""
    page = front(request, parts, latest=await parts.latest.get())
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/rounds/{round_id}", methods=["GET", "HEAD"])
async def show_round(request: Request, found: TheRound) -> Response:
    """One round: not cacheable while it is played, then briefly cacheable."""
    page = round_page(request, found)
    if found.status != "running":
        page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/recent", methods=["GET", "HEAD"])
async def recent(request: Request, parts: TheParts, after: str | None = None) -> Response:
    """The latest rounds."""
    return await _list(request, parts, "recent", after)


@router.api_route("/popular", methods=["GET", "HEAD"])
async def popular(request: Request, parts: TheParts, after: str | None = None) -> Response:
    """The rounds with the most reactions funny and deep."""
    return await _list(request, parts, "popular", after)


async def _list(
    request: Request, parts: TheParts, order: rounds.Order, after: str | None
) -> Response:
    async with parts.database.reading() as session:
        try:
            found = await rounds.listed(session, order, num=rounds.USUAL_ITEMS, after=after)
        except ValueError:
            raise HTTPException(404, "There is no such page of the list.") from None
    page = rendering.page(
        request,
        "rounds.html",
        title=_TITLES[order],
        description=_DESCRIPTIONS[order],
        path=f"/{order}",
        page=found,
        own=False,
    )
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/assets/{fingerprint}/{name}", methods=["GET", "HEAD"])
async def asset(fingerprint: str, name: str) -> Response:
    """A static file, for a year if the fingerprint is its own.

    During a deploy a page and its assets may come from two versions of the site. Then the file
    that is here is better than none, but only for a minute.
    """
    found = assets.ASSETS.get(name)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    cache = _YEAR if fingerprint == found.fingerprint else _BRIEFLY
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": cache})


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def favicon() -> Response:
    """Redirect the path that browsers request by default."""
    where = assets.url("favicon.svg")
    return RedirectResponse(where, status_code=302, headers={"Cache-Control": _BRIEFLY})


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def robots(request: Request) -> Response:
    """Rules for crawlers."""
    text = f"{_ROBOTS}{request.app.state.public_url}/sitemap.xml\n"
    return Response(text, media_type="text/plain", headers={"Cache-Control": _DAY})


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
async def sitemap(request: Request, parts: TheParts) -> Response:
    """Addresses of the pages and of the latest rounds."""
    async with parts.database.reading() as session:
        found = await rounds.listed(session, "recent", num=rounds.MOST_ITEMS, after=None)
    paths = ["/", "/recent", "/popular", *(f"/rounds/{one.id}" for one in found.items)]
    public_url = request.app.state.public_url
    urls = "".join(f"<url><loc>{public_url}{path}</loc></url>" for path in paths)
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{_SITEMAP}">{urls}</urlset>\n',
        media_type="application/xml",
        headers={"Cache-Control": rendering.shared(_SHARED_SECONDS)},
    )
