"""The homepage on the real engine, behind the real edge: cache, sign-in, lock, site of files.

The tests build on one another, as deployments take long: first as `make up` brings it, then by one
deployment with a new page, sign-in, two replicas, the lock and a spreadsheet that never answers;
then as files. At the end the environment is what it was.
"""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from infra.stacks.homepage import QUERY_STRINGS
from tests.browser.conftest import QUIET, chromium
from tests.environment import ROOT, SETTINGS, Environment, get
from tests.system.asking import (
    PATIENCE,
    assert_never_kept,
    crawl,
    declared_host,
    front_door_id,
    kept_by_the_edge,
)
from tests.system.homepage import (
    EDITION,
    Deployed,
    deployed,
    go_back,
    provider,
    silent,
    tls,
)
from tests.system.tls import front

__all__ = ["deployed", "go_back", "provider", "silent", "tls"]

PAGES = ("", "talks", "projects", "interviews", "charts")
FILES = ("feed.xml", "sitemap.xml", "robots.txt", "favicon.ico", "openapi.json")
PRIVATE = ("login", "auth_response", "logout", "me", "account")
BARS = "charts/bar.png?xvalues=a,b&yvalues=1,2"
NAME = "Ada <b>Someonesdottir</b>"
DEEP = "talks?from=a%2Fb&x=1"

needs_browser = pytest.mark.skipif(
    chromium() is None,
    reason="there is no browser: install Chromium (`apt install chromium`) or Chrome",
)


# As `make up` brings it.


@pytest.mark.parametrize("path", [*PAGES, *FILES, BARS])
def test_what_is_public_comes_from_the_edge(environment: Environment, path: str) -> None:
    url = environment.url("homepage") + path
    first, kept = kept_by_the_edge(url)
    assert "set-cookie" not in {*first.headers, *kept.headers}
    again = get(url, headers={"If-None-Match": kept.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-cache"] == "TCP_HIT"


def test_only_what_makes_another_page_is_kept_apart(environment: Environment) -> None:
    site = environment.url("homepage")
    described = get(site + "openapi.json").json()["paths"].values()
    counts = {one["name"] for path in described for one in path["get"]["parameters"]}
    assert counts == set(QUERY_STRINGS)

    low, high = (
        f"{site}charts/bar.png?xvalues=x,y&yvalues={n}&title=apart" for n in ("1,2", "2,1")
    )
    assert [get(url).headers["x-cache"] for url in (low, high)] == ["TCP_MISS"] * 2
    pictures = [kept_by_the_edge(url)[1].content for url in (low, high)]
    assert pictures[0] != pictures[1]
    for url, picture in zip((low, high), pictures, strict=True):
        tracked = get(f"{url}&utm_source=elsewhere")
        assert (tracked.headers["x-cache"], tracked.content) == ("TCP_HIT", picture)
    # Each is asked for once, so a hit is another's; what is kept may expire, but not each time.
    others = [get(f"{site}projects?utm_source=elsewhere&fbclid={n}") for n in range(3)]
    assert "TCP_HIT" in [answer.headers["x-cache"] for answer in others]


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("spelling", ["{}", "{}?x=1", "{}/"])
def test_what_is_private_is_never_kept(environment: Environment, path: str, spelling: str) -> None:
    url = environment.url("homepage") + spelling.format(path)
    answers = [get(url) for _ in range(2)]
    for answer in answers:
        assert_never_kept(answer)
    if spelling == "{}":
        assert {answer.headers["x-cache"] for answer in answers} == {"CONFIG_NOCACHE"}


# With sign-in, two replicas, the lock and a spreadsheet that never answers.


def test_the_spreadsheet_is_asked_for_before_any_visitor_comes(
    environment: Environment, deployed: Deployed, silent: socket.socket
) -> None:
    silent.accept()[0].close()
    ready = get(environment.url("homepage_origin") + "readyz")
    assert (ready.status_code, ready.json()["content"]) == (200, "bundled")


def test_the_new_page_is_there_at_once_and_other_sites_keep_theirs(
    environment: Environment, deployed: Deployed
) -> None:
    page = get(environment.url("homepage"))
    assert page.headers["x-cache"] == "TCP_MISS"
    assert EDITION in page.text
    told = {name: get(url).headers["x-cache"] for name, url in deployed.before.items()}
    assert told == {"homepage": "TCP_MISS", "translator": "TCP_HIT"}


def test_the_origin_answers_its_own_edge_alone(
    environment: Environment, deployed: Deployed
) -> None:
    site, origin = environment.url("homepage"), environment.url("homepage_origin")
    own = front_door_id(environment)
    other = {"X-Azure-FDID": "00000000-0000-0000-0000-000000000000"}
    for path in (*PAGES, *FILES, BARS, "login", "nowhere"):
        for headers in ({}, other, {"X-Azure-FDID": ""}):
            answer = get(origin + path, headers=headers)
            assert (answer.status_code, answer.headers["cache-control"]) == (403, "no-store"), path
    assert get(origin, headers={"X-Azure-FDID": own}).status_code == 200
    # A visitor's own header does not get through, right or wrong.
    assert get(site, headers=other).status_code == 200
    assert get(site + "login", headers=other).status_code == 200
    for path in ("healthz", "readyz"):
        assert get(origin + path).status_code == 200


@pytest.fixture(scope="module")
def browser(environment: Environment, deployed: Deployed) -> Iterator[Browser]:
    """A browser that finds the declared address on this machine, and trusts the one key."""
    port = urlsplit(environment.url("homepage")).port
    assert port
    host = urlsplit(deployed.public).hostname
    with front(deployed.tls, port) as here, sync_playwright() as playwright:
        arguments = [
            *QUIET,
            f"--host-resolver-rules=MAP {host}:443 127.0.0.1:{here}",
            f"--ignore-certificate-errors-spki-list={deployed.tls.pin}",
        ]
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        expect.set_options(timeout=PATIENCE * 1000)
        yield browser
        browser.close()


def visitor(browser: Browser, deployed: Deployed) -> Page:
    """A page of somebody who has never been there."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    # The provider's own pages have decoration from elsewhere.
    ours = (deployed.public, "https://localhost:")
    context.route(lambda url: not url.startswith(ours), lambda route: route.abort())
    return context.new_page()


@pytest.fixture(scope="module")
def ada(browser: Browser, deployed: Deployed) -> Page:
    """Somebody who signs in from a deep page."""
    page = visitor(browser, deployed)
    page.goto(deployed.public + DEEP)
    page.get_by_role("navigation").get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Continue to localhost").click()
    page.get_by_role("button", name="ada", exact=True).click()
    page.wait_for_url(deployed.public + "**")
    return page


@needs_browser
def test_who_signs_in_is_back_on_the_same_page_with_a_name(ada: Page, deployed: Deployed) -> None:
    expect(ada).to_have_url(deployed.public + DEEP)
    menu(ada, NAME)
    ada.goto(deployed.public + "account")
    expect(ada.get_by_role("heading", level=1)).to_have_text(NAME)


@needs_browser
def test_nobody_else_sees_the_name(
    environment: Environment, browser: Browser, ada: Page, deployed: Deployed
) -> None:
    """Also not of what the signed-in visitor was the first to ask for."""
    hers: dict[str, bytes] = {}
    for path in (*PAGES, DEEP):
        page = ada.goto(deployed.public + path)
        assert page
        assert page.header_value("set-cookie") is None
        menu(ada, NAME)
        hers[path] = page.body()
    for path in (*FILES, BARS):
        answer = get(environment.url("homepage") + path, headers=session_of(ada.context))
        hers[path] = answer.content

    other = visitor(browser, deployed)
    for path in (*PAGES, DEEP):
        page = other.goto(deployed.public + path)
        assert page
        assert page.body() == hers[path]
        expect(other.get_by_role("navigation").get_by_role("link", name="Sign in")).to_be_visible()
        assert "Someonesdottir" not in other.content()
    assert other.context.cookies() == []
    for path, content in hers.items():
        _, kept = kept_by_the_edge(environment.url("homepage") + path)
        assert kept.content == content
        assert "set-cookie" not in kept.headers
        assert b"Someonesdottir" not in kept.content


@needs_browser
@pytest.mark.parametrize(
    "spelling",
    ["{}", "{}?x=1", "{}/", "{}/style.css", "{}.css", "{};a.css", "{}%2Fa.css", "{}%3Fa.css"],
)
def test_no_spelling_of_a_private_path_keeps_the_name(
    environment: Environment, ada: Page, spelling: str
) -> None:
    cookie = session_of(ada.context)
    for name in ("account", "me", "ACCOUNT", "Me", "%61ccount", "%6De"):
        url = environment.url("homepage") + spelling.format(name)
        hers, others = get(url, headers=cookie), get(url)
        assert_never_kept(hers)
        assert_never_kept(others)
        assert "Someonesdottir" not in others.text
        if spelling == "{}" and name in {"account", "me"}:
            assert "Someonesdottir" in hers.text


@needs_browser
def test_replicas_share_the_session(environment: Environment, ada: Page) -> None:
    headers = {**session_of(ada.context), "X-Azure-FDID": front_door_id(environment)}
    replicas = environment.status()["apps"]["homepage"]["replicas"]
    assert len(replicas) == 2
    for replica in replicas:
        answer = get(f"http://127.0.0.1:{replica['port']}/me", headers=headers)
        assert answer.json() == {"user": {"name": NAME}}


@needs_browser
def test_who_signs_out_is_nobody_again(ada: Page, deployed: Deployed) -> None:
    ada.goto(deployed.public + "account")
    ada.get_by_role("link", name="Sign out of this site").click()
    ada.get_by_role("button", name="End session").click()
    expect(ada).to_have_url(deployed.public)
    expect(ada.get_by_role("navigation").get_by_role("link", name="Sign in")).to_be_visible()
    assert ada.context.cookies() == []
    ada.goto(deployed.public + "account")
    expect(ada).to_have_url(deployed.public + "login?next_url=/account")


def menu(page: Page, name: str) -> None:
    expect(page.get_by_role("navigation").locator("summary")).to_have_text(name)


def session_of(context: BrowserContext) -> dict[str, str]:
    """The header of the cookie that the sign-in left: over https alone, and not for scripts."""
    cookie = next(one for one in context.cookies() if one.get("name") == "__Host-session")
    assert cookie.get("secure")
    assert cookie.get("httpOnly")
    return {"Cookie": f"__Host-session={cookie.get('value')}"}


# As files.


def test_the_homepage_becomes_files_and_comes_back(
    environment: Environment, go_back: Callable[[], None], tmp_path: Path
) -> None:
    """The translator does without Azure meanwhile.

    A deleted account would stand in its successor's way.
    """
    root = environment.clone.root
    location = environment.write_round("kept all the while")
    shutil.copy(ROOT / SETTINGS, root / SETTINGS)
    environment.configure({"homepage.host": "staticSite", "homepage.cdn": "none"})
    environment.up()
    kinds = set(environment.clone.resources())
    assert "StaticSite" in kinds
    assert not kinds & {"Account", "ContainerApp"}
    assert environment.read_round(location) == "kept all the while"

    seen = crawl(environment.url("homepage"), own=f"https://{declared_host(environment)}/")
    assert {f"{page}/" if page else "" for page in PAGES} <= seen
    assert {"feed.xml", "sitemap.xml"} <= seen
    missing = get(environment.url("homepage") + "nowhere")
    assert missing.status_code == 404
    assert "There is no page at this address." in missing.text
    done = environment.clone.frugal("export", "homepage", "--to", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_in(tmp_path) == files_in(environment.clone.cloud / "static" / "homepage")

    go_back()
    kinds = set(environment.clone.resources())
    assert {"Account", "ContainerApp"} <= kinds
    assert "StaticSite" not in kinds
    assert EDITION not in kept_by_the_edge(environment.url("homepage"))[1].text
    assert environment.read_round(location) == "kept all the while"


def files_in(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}
