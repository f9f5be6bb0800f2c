"""The outermost layer, around an app of the worst manners."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from translator.frame import Frame

pytestmark = pytest.mark.unit


def get(path: str) -> httpx.Response:
    app = FastAPI()

    @app.get("/refused")
    def refused() -> Response:  # pyright: ignore[reportUnusedFunction]  # by the route
        return Response(status_code=403, headers={"Cache-Control": "public, max-age=99"})

    @app.get("/silent")
    def silent() -> Response:  # pyright: ignore[reportUnusedFunction]  # by the route
        return Response()

    @app.get("/kept")
    def kept() -> Response:  # pyright: ignore[reportUnusedFunction]  # by the route
        return Response(headers={"Cache-Control": "public, max-age=99"})

    @app.get("/broken")
    def broken() -> Response:  # pyright: ignore[reportUnusedFunction]  # by the route
        raise RuntimeError("the secret is 1234")

    app.add_middleware(
        Frame, public_url="https://test", other_hosts=frozenset(), front_door_id=None
    )

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "status"), [("/refused", 403), ("/silent", 200), ("/broken", 500)]
)
def test_nobody_keeps_what_is_not_said_to_be_kept(path: str, status: int) -> None:
    response = get(path)
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_id_of_a_request_is_for_who_made_it() -> None:
    assert "X-Request-ID" not in get("/kept").headers
    assert len(get("/silent").headers["X-Request-ID"]) == 32


def test_a_broken_route_shows_no_insides(caplog: pytest.LogCaptureFixture) -> None:
    response = get("/broken")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "1234" not in response.text
    assert "the secret is 1234" in caplog.text
