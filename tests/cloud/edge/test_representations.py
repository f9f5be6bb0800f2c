"""Conditional requests, parts and compression: answers made from what is kept."""

import time
from email.utils import formatdate

import pytest

from frugal.cloud.edge import CachePolicy
from tests.cloud.edge.site import PAGE, Clock, Reply, Seen, Site, Sites

# One loop for all, so that two servers serve all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

# --- HEAD and other methods


async def test_head_is_answered_from_a_kept_get(site: Site) -> None:
    site.answers("/page", PAGE)
    missed = await site.visitor.head("/page")
    assert (missed.headers["x-cache"], site.origin.seen[0].method) == ("TCP_MISS", "HEAD")
    assert (await site.get("/page")).headers["x-cache"] == "TCP_MISS"
    kept = await site.visitor.head("/page")
    assert kept.headers["x-cache"] == "TCP_HIT"
    assert (kept.headers["content-length"], kept.content) == ("6", b"")
    assert len(site.origin.seen) == 2


@pytest.mark.parametrize(("status", "after"), [(201, "TCP_MISS"), (400, "TCP_HIT")])
async def test_a_post_passes_and_drops_what_it_changed(
    status: int, after: str, sites: Sites
) -> None:
    policy = CachePolicy(query_string="UseQueryString")
    async with sites.site(policy=policy) as site:
        site.answers("/page", PAGE)
        await site.get("/page?a=1")
        await site.get("/page?a=1", accept_encoding="gzip")
        site.answers("/page", PAGE, status=status)
        posted = await site.visitor.post("/page?a=1", content=b"data")
        assert posted.status_code == status
        assert (site.origin.seen[-1].method, site.origin.seen[-1].body) == ("POST", b"data")
        site.answers("/page", PAGE)
        assert (await site.get("/page?a=1")).headers["x-cache"] == after
        assert (await site.get("/page?a=1", accept_encoding="gzip")).headers["x-cache"] == after


async def test_a_precondition_goes_to_the_origin(site: Site) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    await site.get("/page", if_match='"other"')
    assert site.origin.seen[1].headers["if-match"] == '"other"'


# --- conditional requests


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"if_none_match": '"1"'}, 304),
        ({"if_none_match": 'W/"1"'}, 304),
        ({"if_none_match": '"0", "1"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"2"'}, 200),
        ({"if_modified_since": "Wed, 01 Jan 2025 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Thu, 02 Jan 2025 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Tue, 31 Dec 2024 23:59:59 GMT"}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_none_match": '"2"', "if_modified_since": "Wed, 01 Jan 2025 00:00:00 GMT"}, 200),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
async def test_what_a_visitor_has_is_not_sent_again(
    condition: dict[str, str], status: int, kept: bool, site: Site
) -> None:
    validators = (("etag", '"1"'), ("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT"))
    site.answers("/page", PAGE, *validators)
    if kept:
        await site.get("/page")
    response = await site.get("/page", **condition)
    assert response.status_code == status
    assert response.headers["x-cache"] == ("TCP_HIT" if kept else "TCP_MISS")
    assert response.headers["etag"] == '"1"'
    assert response.content == (b"" if status == 304 else b"page 1")
    # The origin is asked for the whole, so that the answer can be kept for all.
    assert "if-none-match" not in site.origin.seen[0].headers
    assert (await site.get("/page")).headers["x-cache"] == "TCP_HIT"


async def test_a_stale_page_is_confirmed_by_the_origin(site: Site, clock: Clock) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'), ("x-version", "old"))
    await site.get("/page")
    clock.ahead = 4000
    date = ("date", formatdate(time.time(), usegmt=True))
    site.answers("/page", date, PAGE, ("etag", '"1"'), ("x-version", "new"), status=304)
    response = await site.get("/page", if_none_match='"mine"')
    assert site.origin.seen[1].headers["if-none-match"] == '"1"'
    assert (response.status_code, response.text) == (200, "page 1")
    assert response.headers["x-version"] == "new"
    again = await site.get("/page")
    assert (again.headers["x-cache"], int(again.headers["age"])) == ("TCP_HIT", 0)
    assert len(site.origin.seen) == 2


async def test_a_stale_page_is_replaced_by_a_new_one(site: Site, clock: Clock) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    clock.ahead = 4000
    site.answers("/page", PAGE, ("etag", '"2"'))
    assert (await site.get("/page")).text == "page 2"
    assert (await site.get("/page")).headers["etag"] == '"2"'
    assert len(site.origin.seen) == 2


async def test_a_304_for_another_page_leads_to_a_fetch(site: Site, clock: Clock) -> None:
    def reply(seen: Seen) -> Reply:
        wrong = "if-none-match" in seen.headers
        return Reply(status=304 if wrong else 200, headers=(PAGE, ("etag", '"9"')))

    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    clock.ahead = 4000
    site.origin.replies["/page"] = reply
    response = await site.get("/page")
    assert (response.status_code, response.text, response.headers["etag"]) == (200, "page 3", '"9"')


async def test_a_page_turned_private_is_forgotten(site: Site, clock: Clock) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    clock.ahead = 4000
    site.answers("/page", ("cache-control", "private"), ("etag", '"1"'), status=304)
    await site.get("/page")
    site.answers("/page", ("cache-control", "private"))
    assert (await site.get("/page")).headers["x-cache"] == "PRIVATE_NOSTORE"
    assert "if-none-match" not in site.origin.seen[-1].headers


async def test_an_error_while_confirming_is_passed_on_and_not_kept(
    site: Site, clock: Clock
) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    clock.ahead = 4000
    site.answers("/page", PAGE, status=500)
    assert (await site.get("/page")).status_code == 500
    site.answers("/page", PAGE, ("etag", '"1"'), status=304)
    assert (await site.get("/page")).text == "page 1"


# --- ranges


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-3", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_a_part_of_a_kept_page(
    asked: str, status: int, content: bytes, content_range: str | None, site: Site
) -> None:
    site.answers("/file", PAGE, ("etag", '"1"'), body=b"0123456789")
    await site.get("/file")
    response = await site.get("/file", range=asked)
    assert (response.status_code, response.content) == (status, content)
    assert response.headers.get("content-range") == content_range
    assert response.headers["content-length"] == str(len(content))
    assert len(site.origin.seen) == 1


@pytest.mark.parametrize(
    ("etag", "condition", "status"),
    [('"1"', '"1"', 206), ('"1"', '"2"', 200), ('"1"', 'W/"1"', 200), ('W/"1"', 'W/"1"', 200)],
)
async def test_a_part_of_the_page_that_the_visitor_knows(
    etag: str, condition: str, status: int, site: Site
) -> None:
    site.answers("/file", PAGE, ("etag", etag), body=b"0123456789")
    await site.get("/file")
    response = await site.get("/file", range="bytes=0-3", if_range=condition)
    assert response.status_code == status


async def test_a_part_of_what_is_not_kept_is_the_origins_to_cut(site: Site) -> None:
    def reply(seen: Seen) -> Reply:
        if "range" not in seen.headers:
            return Reply(headers=(PAGE,), body=b"0123456789")
        span = ("content-range", "bytes 0-3/10")
        return Reply(status=206, headers=(PAGE, span), body=b"0123")

    site.origin.replies["/file"] = reply
    for _ in range(2):
        response = await site.get("/file", range="bytes=0-3", if_range='"1"')
        assert (response.status_code, response.content) == (206, b"0123")
    assert site.origin.seen[0].headers["if-range"] == '"1"'
    assert (await site.get("/file")).content == b"0123456789"


async def test_a_part_of_a_stale_page_is_cut_once_the_whole_is_confirmed(
    site: Site, clock: Clock
) -> None:
    site.answers("/file", PAGE, ("etag", '"1"'), body=b"0123456789")
    await site.get("/file")
    clock.ahead = 4000
    site.answers("/file", PAGE, ("etag", '"1"'), status=304)
    response = await site.get("/file", range="bytes=0-3")
    assert (response.status_code, response.content) == (206, b"0123")
    assert "range" not in site.origin.seen[1].headers


async def test_an_origin_without_ranges_is_cut_here_and_kept(site: Site) -> None:
    site.answers("/file", PAGE, body=b"0123456789")
    response = await site.get("/file", range="bytes=0-3")
    assert (response.status_code, response.content) == (206, b"0123")
    assert (await site.get("/file")).headers["x-cache"] == "TCP_HIT"


# --- compression

HTML = ("content-type", "text/html; charset=utf-8")
GZIPPED = CachePolicy(compress=True, content_types=("text/html", "text/css"))


@pytest.mark.parametrize(
    ("headers", "size", "accepts", "compressed"),
    [
        ((HTML,), 2000, "gzip", True),
        ((HTML,), 2000, "br, deflate, gzip;q=0.5", True),
        ((("content-type", "TEXT/HTML"),), 2000, "*", True),
        ((HTML,), 2000, "", False),
        ((HTML,), 2000, "br, gzip;q=0", False),
        ((HTML,), 1024, "gzip", False),
        ((HTML,), 1025, "gzip", True),
        ((HTML,), 8 * 1024 * 1024, "gzip", False),
        ((("content-type", "image/png"),), 2000, "gzip", False),
        ((), 2000, "gzip", False),
        ((HTML, ("cache-control", "no-transform")), 2000, "gzip", False),
    ],
)
async def test_what_is_compressed(
    headers: tuple[tuple[str, str], ...], size: int, accepts: str, compressed: bool, sites: Sites
) -> None:
    async with sites.site(policy=GZIPPED) as site:
        site.answers("/page", *headers, ("etag", '"1"'), body=b"a" * size)
        wish = {"accept_encoding": accepts} if accepts else {}
        for x_cache in ("TCP_MISS", "TCP_HIT"):
            response = await site.get("/page", **wish)
            assert response.headers["x-cache"] == x_cache
            assert response.headers.get("content-encoding") == ("gzip" if compressed else None)
            assert response.headers["etag"] == ('W/"1"' if compressed else '"1"')
            assert response.content == b"a" * size
            assert (int(response.headers["content-length"]) < size) == compressed


async def test_nothing_is_compressed_on_a_route_that_does_not_ask_for_it(site: Site) -> None:
    for path in ("/page", "/live/page"):
        site.answers(path, PAGE, HTML, body=b"a" * 2000)
        response = await site.get(path, accept_encoding="gzip")
        assert "content-encoding" not in response.headers


async def test_a_page_gzipped_by_the_origin_stays_as_it_is(sites: Sites) -> None:
    def reply(seen: Seen) -> Reply:
        if seen.headers.get("accept-encoding") == "gzip":
            return Reply(headers=(PAGE, HTML, ("content-encoding", "gzip")), body=b"z" * 2000)
        return Reply(headers=(PAGE, HTML), body=b"a" * 2000)

    async with sites.site(policy=GZIPPED) as site:
        site.origin.replies["/page"] = reply
        for accepts, body in [("gzip, br", b"z" * 2000), ("identity", b"a" * 2000)] * 2:
            request = site.visitor.build_request(
                "GET", "/page", headers={"accept-encoding": accepts}
            )
            response = await site.visitor.send(request, stream=True)
            assert b"".join([chunk async for chunk in response.aiter_raw()]) == body
        assert len(site.origin.seen) == 2


async def test_a_compressed_page_is_compared_and_confirmed(sites: Sites, clock: Clock) -> None:
    async with sites.site(policy=GZIPPED) as site:
        site.answers("/page", PAGE, HTML, ("etag", '"1"'), body=b"a" * 2000)
        first = await site.get("/page", accept_encoding="gzip")
        mine = first.headers["etag"]
        known = await site.get("/page", accept_encoding="gzip", if_none_match=mine)
        assert known.status_code == 304
        clock.ahead = 4000
        site.answers("/page", PAGE, ("etag", '"1"'), status=304)
        confirmed = await site.get("/page", accept_encoding="gzip")
        assert site.origin.seen[-1].headers["if-none-match"] == '"1"'
        assert confirmed.content == b"a" * 2000
        assert confirmed.headers["etag"] == mine
