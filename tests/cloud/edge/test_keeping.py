"""Caching by the origin's headers, query strings and cookies; lifetimes and purges."""

import asyncio
import time
from email.utils import formatdate

import pytest

from frugal.cloud.edge import CachePolicy
from frugal.cloud.edge import endpoint as edge_module
from frugal.cloud.edge.policy import DEFAULT_LIFETIME
from tests.cloud.edge.site import PAGE, Clock, Site, Sites, until

# One loop for all, so that two servers serve all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

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
    assert aged == 0
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


@pytest.mark.parametrize("vary", ["cookie, x-mode", "*"])
async def test_vary_is_sent_on_and_ignored(vary: str, site: Site) -> None:
    site.answers("/page", PAGE, ("vary", vary))
    await site.get("/page", x_mode="a")
    other = await site.get("/page", x_mode="b", cookie="c=1")
    assert other.headers["x-cache"] == "TCP_HIT"
    assert other.headers["vary"] == vary


async def test_a_page_for_one_use_is_not_kept_to_be_confirmed(site: Site) -> None:
    site.answers("/page", ("cache-control", "no-cache"), ("etag", '"1"'))
    await site.get("/page")
    await site.get("/page")
    assert "if-none-match" not in site.origin.seen[1].headers


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
        site.endpoint._cache._size = 250_000
        for path in ("/a", "/b"):
            site.answers(path, PAGE, body=b"x" * 100_000)
            await site.get(path)
        await site.get("/a")
        site.answers("/c", PAGE, body=b"x" * 100_000)
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
        ("IncludeSpecifiedQueryStrings", "?t%61g=x", "?t%61g=y", False),
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
    await until(lambda: len(site.origin.seen) == 1)
    await site.endpoint.purge(["/*"])
    site.origin.gate.set()
    assert (await fetching).text == "page 1"
    assert (await site.get("/page")).text == "page 2"
