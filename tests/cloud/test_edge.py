"""The edge over real HTTP: what the origin was asked, and what visitors got."""

import asyncio
import time
from collections.abc import AsyncGenerator
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from frugal.cloud import edge as edge_module
from frugal.cloud.edge import CachePolicy, Origin, Route
from frugal.cloud.edge_policy import DEFAULT_LIFETIME
from tests.cloud.edge_site import ORIGIN, Reply, Seen, Servers, Site, Sites, running_servers

# One loop for all, so that two servers serve all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = ("cache-control", "public, s-maxage=3600")


class Clock:
    """The time of day, moved on at will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncGenerator[Servers]:
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sites(servers: Servers, tmp_path: Path) -> Sites:
    return Sites(servers, tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def site(sites: Sites) -> AsyncGenerator[Site]:
    async with sites.site() as running:
        yield running


# --- routes


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "A"),
        ("/a", "B"),
        ("/ab", "C"),
        ("/abc", "D"),
        ("/abzzz", "B"),
        ("/abc/", "E"),
        ("/abc/d", "F"),
        ("/abc/def", "G"),
        ("/abc/defzzz", "F"),
        ("/abc/def/ghi", "F"),
        ("/path", "B"),
        ("/path/", "H"),
        ("/path/zzz", "B"),
        ("/ABC/Def", "G"),
        ("/%61bc/d", "F"),
    ],
)
async def test_the_most_specific_route_answers(path: str, expected: str, sites: Sites) -> None:
    table = {"A": "/", "B": "/*", "C": "/ab", "D": "/abc", "E": "/abc/", "F": "/abc/*"}
    table |= {"G": "/Abc/def", "H": "/path/"}
    routes = [
        Route(patterns=(p,), origins=(Origin(host=ORIGIN.host, host_header=name),))
        for name, p in table.items()
    ]
    async with sites.site(routes=routes) as site:
        await site.get(path)
    assert [seen.headers["host"] for seen in site.origin.seen] == [expected]


async def test_no_route_is_404_and_new_routes_count_at_once(sites: Sites) -> None:
    only_api = Route(patterns=("/api/*",), origins=(ORIGIN,))
    async with sites.site(routes=[only_api]) as site:
        assert (await site.get("/other")).status_code == 404
        assert site.origin.seen == []
        site.endpoint.configure([Route(patterns=("/*",), origins=(ORIGIN,))])
        assert (await site.get("/other")).text == "page 1"


# --- what the origin is sent


async def test_the_origin_learns_who_asked_and_through_what(site: Site) -> None:
    forged = {
        "x-azure-fdid": "forged",
        "x-azure-clientip": "6.6.6.6",
        "x-azure-socketip": "6.6.6.6",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
        "x-forwarded-for": "9.9.9.9",
        "x-fd-healthprobe": "1",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "x-mine": "kept",
    }
    response = await site.visitor.get("/live/a", headers=forged)
    sent = site.origin.seen[0].headers
    assert sent["host"] == "declared.example"
    assert sent["x-azure-fdid"] == "11111111-2222-3333-4444-555555555555"
    assert sent["x-azure-clientip"] == "9.9.9.9"
    assert sent["x-azure-socketip"] == "127.0.0.1"
    assert sent["x-forwarded-for"] == "9.9.9.9, 127.0.0.1"
    assert sent["x-forwarded-host"] == site.visitor.base_url.netloc.decode()
    assert sent["x-forwarded-proto"] == "http"
    assert sent["via"] == "1.1 Azure"
    assert sent["x-azure-ref"] == response.headers["x-azure-ref"]
    assert sent["x-mine"] == "kept"
    assert not {"x-hop", "x-fd-healthprobe"} & set(sent)


async def test_the_path_reaches_the_origin_byte_by_byte(site: Site) -> None:
    target = "/live/a%2Fb%20c/%C3%A9;x=1?q=%7B1%7D&empty&r=a+b&&s=%26"
    await site.get(target)
    assert site.origin.seen[0].target == target


async def test_what_would_choose_a_variant_is_kept_from_a_cached_route(site: Site) -> None:
    wishes = {"accept": "text/plain", "accept_language": "de", "accept_charset": "latin-1"}
    await site.get("/page", **wishes)
    await site.get("/live/page", **wishes)
    cached, live = (seen.headers for seen in site.origin.seen)
    assert not {"accept", "accept-language", "accept-charset"} & set(cached)
    assert live["accept-language"] == "de"


# --- what is kept, and how long


async def test_the_second_visitor_is_answered_from_the_cache(site: Site) -> None:
    site.answers("/page", PAGE, ("x-app", "1"))
    first, second = await site.get("/page"), await site.get("/page")
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("TCP_MISS", "TCP_HIT")
    assert first.text == second.text == "page 1"
    assert second.headers["x-app"] == "1"
    assert first.headers["x-azure-ref"] != second.headers["x-azure-ref"]
    assert len(site.origin.seen) == 1


async def test_a_route_without_caching_asks_every_time(site: Site) -> None:
    site.answers("/live/page", PAGE)
    assert await site.caches("/live/page") == ["CONFIG_NOCACHE", "CONFIG_NOCACHE"]
    assert len(site.origin.seen) == 2


@pytest.mark.parametrize(
    ("headers", "lifetime"),
    [
        ([("cache-control", "max-age=10, s-maxage=500")], 500),
        ([("cache-control", "max-age=0"), ("cache-control", "s-maxage=500")], 500),
        ([("cache-control", "max-age=500"), ("expires", "in 9")], 500),
        ([("expires", "in 500")], 500),
        ([("cache-control", "public"), ("expires", "in 500")], 500),
        ([("cache-control", "S-MaxAge=500, stale-while-revalidate=9999")], 500),
        ([("cache-control", "max-age=500"), ("age", "100")], 400),
        ([("cache-control", 'private="x-secret", max-age=500')], 500),
        ([], DEFAULT_LIFETIME),
        ([("cache-control", "public")], DEFAULT_LIFETIME),
    ],
)
async def test_how_long_a_page_is_kept(
    headers: list[tuple[str, str]], lifetime: int, site: Site, clock: Clock
) -> None:
    dated = [
        (n, formatdate(time.time() + int(v[3:]), usegmt=True) if v.startswith("in ") else v)
        for n, v in headers
    ]
    site.answers("/page", ("date", formatdate(usegmt=True)), *dated)
    await site.get("/page")
    clock.ahead = lifetime - 5
    fresh = await site.get("/page")
    assert fresh.headers["x-cache"] == "TCP_HIT"
    aged = int(fresh.headers["age"]) - (lifetime - 5 if lifetime != 400 else 495)
    assert aged in {0, 1}
    assert [fresh.headers.get_list("cache-control")] == [[v for n, v in headers if n[0] == "c"]]
    clock.ahead = lifetime + 5
    assert (await site.get("/page")).headers["x-cache"] == "TCP_MISS"
    assert len(site.origin.seen) == 2


@pytest.mark.parametrize(
    ("status", "cache_control", "x_cache"),
    [
        (200, "private, max-age=60", "PRIVATE_NOSTORE"),
        (200, "no-store", "PRIVATE_NOSTORE"),
        (200, "no-cache, max-age=60", "TCP_MISS"),
        (200, "max-age=0", "TCP_MISS"),
        (200, "max-age=soon", "TCP_MISS"),
        (500, "max-age=60", "TCP_MISS"),
        (501, "", "TCP_MISS"),
        (503, "public, s-maxage=60", "TCP_MISS"),
        (302, "", "TCP_MISS"),
    ],
)
async def test_what_is_never_answered_twice(
    status: int, cache_control: str, x_cache: str, site: Site
) -> None:
    site.answers(
        "/page", *([("cache-control", cache_control)] * bool(cache_control)), status=status
    )
    assert await site.caches("/page") == [x_cache, x_cache]
    assert len(site.origin.seen) == 2


async def test_a_missing_page_is_kept_like_any_other(site: Site) -> None:
    site.answers("/gone", ("cache-control", "s-maxage=60"), status=404)
    await site.get("/gone")
    again = await site.get("/gone")
    assert (again.status_code, again.headers["x-cache"]) == (404, "TCP_HIT")


async def test_vary_is_sent_on_and_ignored(site: Site) -> None:
    site.answers("/page", PAGE, ("vary", "cookie, x-mode"))
    await site.get("/page", x_mode="a")
    other = await site.get("/page", x_mode="b", cookie="c=1")
    assert other.headers["x-cache"] == "TCP_HIT"
    assert other.headers["vary"] == "cookie, x-mode"


async def test_a_visitor_cannot_force_a_fetch(site: Site) -> None:
    site.answers("/page", PAGE)
    await site.get("/page")
    forced = await site.get("/page", cache_control="no-cache", pragma="no-cache")
    assert forced.headers["x-cache"] == "TCP_HIT"


@pytest.mark.parametrize(
    ("cache_control", "shared"),
    [("s-maxage=60", True), ("public, max-age=60", True), ("max-age=60", False), ("", False)],
)
async def test_what_credentials_opened_is_shared_only_by_the_origins_word(
    cache_control: str, shared: bool, site: Site
) -> None:
    site.answers("/page", *([("cache-control", cache_control)] * bool(cache_control)))
    await site.get("/page", authorization="Bearer secret")
    assert site.origin.seen[0].headers["authorization"] == "Bearer secret"
    stranger = await site.get("/page")
    assert stranger.text == ("page 1" if shared else "page 2")


async def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(edge_module, "LARGEST_BODY", 1000)
    site.answers("/large", PAGE, ("set-cookie", "a=b"), body=b"x" * 5000)
    for _ in range(2):
        response = await site.get("/large")
        assert response.content == b"x" * 5000
        assert response.headers["x-cache"] == "TCP_MISS"
        assert "set-cookie" not in response.headers


async def test_the_least_recently_used_page_goes_first(sites: Sites) -> None:
    async with sites.site() as site:
        site.endpoint._cache._size = 250
        for path in ("/a", "/b"):
            site.answers(path, PAGE, body=b"x" * 100)
            await site.get(path)
        await site.get("/a")
        site.answers("/c", PAGE, body=b"x" * 100)
        await site.get("/c")
        assert (await site.get("/a")).headers["x-cache"] == "TCP_HIT"
        assert (await site.get("/b")).headers["x-cache"] == "TCP_MISS"


# --- query strings


@pytest.mark.parametrize(
    ("mode", "first", "second", "same"),
    [
        ("IgnoreQueryString", "?a=1", "?b=2", True),
        ("UseQueryString", "?a=1&b=2", "?b=2&a=1", True),
        ("UseQueryString", "?a=1", "?a=2", False),
        ("UseQueryString", "", "?a=2", False),
        ("IncludeSpecifiedQueryStrings", "?tag=x&utm=1", "?utm=2&tag=x", True),
        ("IncludeSpecifiedQueryStrings", "?tag=x", "?tag=y", False),
        ("IncludeSpecifiedQueryStrings", "?t%61g=x", "?tag=y", False),
        ("IgnoreSpecifiedQueryStrings", "?utm=1&tag=x", "?utm=1&tag=y", True),
        ("IgnoreSpecifiedQueryStrings", "?tag=x&utm=1", "?tag=x&utm=2", False),
    ],
)
async def test_query_strings(mode: str, first: str, second: str, same: bool, sites: Sites) -> None:
    policy = CachePolicy(
        query_string=mode,  # pyright: ignore[reportArgumentType]
        query_parameters=("tag",),
    )
    async with sites.site(policy=policy) as site:
        site.answers("/page", PAGE)
        await site.get(f"/page{first}")
        assert site.origin.seen[0].target == f"/page{first}"
        response = await site.get(f"/page{second}")
        assert response.text == ("page 1" if same else "page 2")


# --- cookies


async def test_no_cookie_leaves_a_cacheable_page(site: Site) -> None:
    site.answers("/page", PAGE, ("set-cookie", "session=alice"))
    responses = [await site.get("/page") for _ in range(2)]
    assert [r.headers["x-cache"] for r in responses] == ["TCP_MISS", "TCP_HIT"]
    assert all("set-cookie" not in r.headers for r in responses)


@pytest.mark.parametrize(
    ("path", "cache_control", "kept"),
    [
        ("/me", "private", True),
        ("/me", "no-store", True),
        ("/me", "no-cache", False),
        ("/live/me", "public, max-age=60", True),
    ],
)
async def test_whose_cookies_reach_the_visitor(
    path: str, cache_control: str, kept: bool, site: Site
) -> None:
    cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2, c")]
    site.answers(path, ("cache-control", cache_control), *cookies)
    response = await site.get(path)
    assert response.headers.get_list("set-cookie") == (["a=1", "b=2, c"] if kept else [])


async def test_a_confirmed_page_brings_no_cookie(site: Site, clock: Clock) -> None:
    site.answers("/page", PAGE, ("etag", '"1"'))
    await site.get("/page")
    clock.ahead = 4000
    site.answers("/page", PAGE, ("etag", '"1"'), ("set-cookie", "session=bob"), status=304)
    for _ in range(2):
        response = await site.get("/page")
        assert response.text == "page 1"
        assert "set-cookie" not in response.headers


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


@pytest.mark.parametrize(("condition", "status"), [('"1"', 206), ('"2"', 200), ('W/"1"', 200)])
async def test_a_part_of_the_page_that_the_visitor_knows(
    condition: str, status: int, site: Site
) -> None:
    site.answers("/file", PAGE, ("etag", '"1"'), body=b"0123456789")
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


# --- purge


@pytest.mark.parametrize(
    ("purged", "gone"),
    [
        (["/News/One"], {"/news/one", "/NEWS/one"}),
        (["/news/*"], {"/news/one", "/NEWS/one", "/news/"}),
        (["/"], {"/"}),
        (["/news", "/caf%C3%A9"], {"/caf%C3%A9"}),
        (["/*"], {"/", "/news/one", "/NEWS/one", "/news/", "/newsletter", "/caf%C3%A9"}),
    ],
)
async def test_purge(purged: list[str], gone: set[str], sites: Sites) -> None:
    pages = ["/", "/news/one", "/NEWS/one", "/news/", "/newsletter", "/caf%C3%A9"]
    async with sites.site(policy=CachePolicy(query_string="UseQueryString")) as site:
        for path in pages:
            await site.get(path)
            await site.get(f"{path}?q=1")
        assert await site.endpoint.purge(purged) == 2 * len(gone)
        missed = {p for p in pages if (await site.get(p)).headers["x-cache"] == "TCP_MISS"}
        assert missed == gone


async def test_what_was_fetched_before_a_purge_is_not_kept_after_it(site: Site) -> None:
    site.answers("/page", PAGE)
    site.origin.gate = asyncio.Event()
    fetching = asyncio.create_task(site.get("/page"))
    await _until(lambda: len(site.origin.seen) == 1)
    await site.endpoint.purge(["/*"])
    site.origin.gate.set()
    assert (await fetching).text == "page 1"
    assert (await site.get("/page")).text == "page 2"


# --- many visitors at once


async def test_one_request_for_all_who_wait_for_a_page(site: Site) -> None:
    site.answers("/page", PAGE)
    site.origin.gate = asyncio.Event()
    waiting = [asyncio.create_task(site.get("/page")) for _ in range(20)]
    await _until(lambda: len(site.origin.seen) == 1 and site.servers.edge.begun == 20)
    site.origin.gate.set()
    assert {(await w).text for w in waiting} == {"page 1"}
    assert len(site.origin.seen) == 1


async def test_nobody_gets_the_private_page_of_whom_they_waited_for(site: Site) -> None:
    site.origin.replies["/me"] = lambda seen: Reply(
        headers=(("cache-control", "private"),), body=seen.headers["cookie"].encode()
    )
    site.origin.gate = asyncio.Event()
    waiting = [asyncio.create_task(site.get("/me", cookie=f"name={n}")) for n in range(10)]
    await _until(lambda: site.servers.edge.begun == 10)
    site.origin.gate.set()
    assert [(await w).text for w in waiting] == [f"name={n}" for n in range(10)]


# --- streams


@pytest.mark.parametrize("path", ["/live/events", "/events"])
async def test_events_arrive_one_by_one_and_end_with_the_visitor(path: str, site: Site) -> None:
    seen_by_visitor, visitor_left = asyncio.Event(), asyncio.Event()

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
        visitor_left.set()

    site.origin.replies[path] = Reply(stream=events)
    async with site.visitor.stream("GET", path) as response:
        chunks = response.aiter_raw()
        assert await anext(chunks) == b"data: 1\n\n"
        seen_by_visitor.set()
        assert await anext(chunks) == b"data: 2\n\n"
    await asyncio.wait_for(visitor_left.wait(), 5)


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
    assert "broke off" in site.log.read_text()
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


async def _until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what others do in the server cannot tell us
            await asyncio.sleep(0.005)
