"""Route matching, the origin's request, and responses that pass unchanged."""

import pytest

from frugal.cloud.edge import Origin, Route
from tests.cloud.edge.site import ORIGIN, PAGE, Site, Sites

# One loop for all, so that two servers serve all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

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


@pytest.mark.parametrize("path", ["/page", "/live/page"])
async def test_what_is_for_one_connection_only_stays_there(path: str, site: Site) -> None:
    hop = (("connection", "x-hop"), ("x-hop", "1"), ("keep-alive", "timeout=9"))
    site.answers(path, PAGE, *hop, ("x-cache", "HIT from the app"), ("x-app", "1"))
    response = await site.get(path)
    assert response.headers["x-app"] == "1"
    assert "x-hop" not in response.headers
    assert "keep-alive" not in response.headers
    assert "app" not in response.headers["x-cache"]


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
