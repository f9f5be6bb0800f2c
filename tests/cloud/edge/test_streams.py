"""Many visitors at once, streams without an end, and origins on bad days."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest

from frugal.cloud.edge import CachePolicy, Origin, Route
from tests.cloud.edge.site import ORIGIN, PAGE, PATIENCE, Reply, Site, Sites, until

# One loop for all, so that two servers serve all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

# --- many visitors at once


async def test_one_request_for_all_who_wait_for_a_page(site: Site) -> None:
    site.answers("/page", PAGE)
    site.origin.gate = asyncio.Event()
    waiting = [asyncio.create_task(site.get("/page")) for _ in range(20)]
    await until(lambda: len(site.origin.seen) == 1 and site.servers.edge.begun == 20)
    site.origin.gate.set()
    assert {(await w).text for w in waiting} == {"page 1"}
    assert len(site.origin.seen) == 1


async def test_nobody_gets_the_private_page_of_whom_they_waited_for(site: Site) -> None:
    site.origin.replies["/me"] = lambda seen: Reply(
        headers=(("cache-control", "private"),), body=seen.headers["cookie"].encode()
    )
    site.origin.gate = asyncio.Event()
    waiting = [asyncio.create_task(site.get("/me", cookie=f"name={n}")) for n in range(10)]
    await until(lambda: site.servers.edge.begun == 10)
    site.origin.gate.set()
    assert [(await w).text for w in waiting] == [f"name={n}" for n in range(10)]


# --- streams


@pytest.mark.parametrize("path", ["/live/events", "/events"])
async def test_events_arrive_one_by_one_and_end_with_the_visitor(path: str, site: Site) -> None:
    seen_by_visitor, left = asyncio.Event(), asyncio.Semaphore(0)

    async def events(receive, send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        # Nothing more before the visitor has the first: a buffer in between would wait for ever.
        await seen_by_visitor.wait()
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        left.release()

    site.origin.replies[path] = Reply(stream=events)
    async with site.visitor.stream("GET", path) as response:
        chunks = response.aiter_raw()
        assert await anext(chunks) == b"data: 1\n\n"
        async with site.visitor.stream("GET", path) as another:
            assert await anext(another.aiter_raw()) == b"data: 1\n\n"
        seen_by_visitor.set()
        assert await anext(chunks) == b"data: 2\n\n"
    async with asyncio.timeout(PATIENCE):
        await left.acquire()
        await left.acquire()


@pytest.mark.parametrize("path", ["/live/upload", "/upload"])
async def test_an_upload_is_passed_on_while_it_comes(path: str, site: Site) -> None:
    first_arrived = asyncio.Event()
    received: list[bytes] = []

    async def upload(receive, send) -> None:
        more = True
        while more:
            message = await receive()
            received.append(message["body"])
            more = message["more_body"]
            first_arrived.set()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def body() -> AsyncGenerator[bytes]:
        yield b"first"
        await first_arrived.wait()
        yield b"second"

    site.origin.replies[path] = Reply(stream=upload)
    response = await site.visitor.post(path, content=body())
    assert response.status_code == 204
    assert b"".join(received) == b"firstsecond"


# --- bad days


async def test_an_origin_that_is_not_there_is_503(sites: Sites) -> None:
    nowhere = Origin(host="nowhere.example", host_header="nowhere.example")
    routes = [Route(patterns=("/*",), origins=(nowhere,), cache=CachePolicy())]
    async with sites.site(routes=routes) as site:
        response = await site.get("/page")
        assert response.status_code == 503
        assert "nowhere.example" in response.text
        assert response.headers["cache-control"] == "no-store"
        routes = [Route(patterns=("/*",), origins=(nowhere, ORIGIN), cache=CachePolicy())]
        site.endpoint.configure(routes)
        assert (await site.get("/page")).text == "page 1"


async def test_a_closed_port_is_503_and_the_next_origin_is_tried(sites: Sites) -> None:
    async with sites.site() as site:
        there = site.endpoint._origins._connect
        site.endpoint._origins._connect = {
            ORIGIN.host: "http://127.0.0.1:9",
            "second.example": there(ORIGIN.host),
        }.get
        for path in ("/page", "/live/page"):
            assert (await site.get(path)).status_code == 503
        second = Origin(host="second.example", host_header="second.example")
        site.endpoint.configure([Route(patterns=("/*",), origins=(ORIGIN, second))])
        posted = await site.visitor.post("/page", content=b"data")
        assert posted.status_code == 200
        assert site.origin.seen[0].body == b"data"


@pytest.mark.parametrize("path", ["/page", "/live/page"])
async def test_a_silent_origin_is_504(path: str, sites: Sites) -> None:
    async with sites.site(response_timeout=0.2) as site:
        site.origin.gate = asyncio.Event()
        assert (await site.get(path)).status_code == 504
        site.origin.gate.set()
        site.endpoint._origins._timeout["read"] = PATIENCE
        assert (await site.get(path)).status_code == 200


async def test_an_answer_that_breaks_off(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def half(receive, send) -> None:
        await receive()
        headers = [(b"content-length", b"100"), (b"cache-control", b"s-maxage=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    site.origin.replies["/page"] = site.origin.replies["/live/page"] = Reply(stream=half)
    assert (await site.get("/page")).status_code == 503
    with pytest.raises(httpx.RemoteProtocolError):
        await site.get("/live/page")
    assert "aborted its response" in site.log.read_text()
    assert "Traceback" not in caplog.text
    site.answers("/page", PAGE)
    assert (await site.get("/page")).text == "page 1"


async def test_the_log_has_a_line_a_request_and_no_query(site: Site) -> None:
    await site.get("/live/auth?code=secret")
    await site.get("/page%0Aforged")
    first, second = site.log.read_text().splitlines()
    assert " GET /live/auth 200 CONFIG_NOCACHE " in first
    assert " GET /page%0Aforged 200 TCP_MISS " in second
    assert "secret" not in first
