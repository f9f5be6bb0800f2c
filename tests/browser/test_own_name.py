"""The homepage under a name of its own, over TLS, in a browser that trusts the name's authority.

What serves it is the local cloud's: names, certificates, edge and ingress. Without the engine, so
it needs no environment.
"""

import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Error, Page, Response, async_playwright, expect

from frugal.cloud.domains import Domains
from frugal.cloud.edge import CachePolicy, Endpoint, Origin, Route
from frugal.cloud.images import Image
from frugal.cloud.listen import Listener
from frugal.cloud.processes import App, Probe, Revision
from frugal.cloud.spawn import Reaper
from frugal.cloud.tls import Authority
from frugal.commands.status import browser_options
from infra.stacks.homepage import PRIVATE_PATHS
from tests.browser.conftest import QUIET, chromium
from tests.environment import ROOT
from tests.system.tls import Tls

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="there is no browser: install Chromium (`apt install chromium`) or Chrome",
)

APP = ROOT / "apps" / "homepage"
# Made for developers by `make test`: the homepage's own packages and a provider to sign in at.
PROGRAMS = ROOT / ".frugal" / "venvs" / "homepage" / "bin"
PUBLIC, WWW = "farrow.example", "www.farrow.example"
ORIGIN, EDGE = "homepage.calm.azurecontainerapps.io", "homepage-1.z01.azurefd.net"
PROFILE = "55ce4ed1-4b06-4bf1-b40e-4638452104da"
DEEP = "/talks?from=a%2Fb&x=1"
NAME = "Ada <b>Someonesdottir</b>"
HSTS = "max-age=31536000"
# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 120


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls.make(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def provider(tls: Tls) -> Iterator[str]:
    """The authority of a real OpenID Connect server over TLS."""
    assert PROGRAMS.exists(), "the homepage's environment is missing; `make test` makes it"
    program = APP / "tests" / "oidc_server.py"
    with subprocess.Popen(
        [PROGRAMS / "python", program, tls.certificate, tls.key], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield f"https://localhost:{int(server.stdout.readline())}/tenant"
        server.terminate()


def revision(provider: str, tls: Tls) -> Revision:
    """The homepage from this checkout, with sign-in."""
    image = Image(
        digest="",
        folder=APP,
        workdir=APP,
        environment={"PATH": str(PROGRAMS), "LANG": "C.UTF-8"},
        command=(str(PROGRAMS / "python"), "-m", "homepage"),
        user=None,
        notes=(),
    )
    environment = {
        "PUBLIC_URL": f"https://{PUBLIC}",
        "OTHER_HOSTS": f"{WWW},{ORIGIN},{EDGE}",
        "OIDC_CLIENT_ID": "the-client",
        "OIDC_CLIENT_SECRET": "the-secret",
        "OIDC_AUTHORITY": provider,
        "SESSION_KEY": "k" * 32,
        "REQUESTS_CA_BUNDLE": str(tls.authority),
    }
    probe = Probe(
        kind="Startup", path="/healthz", port=8000, period=0.1, timeout=9, failure_threshold=999
    )
    return Revision(
        name="homepage--1",
        image=image,
        environment=environment,
        command=None,
        target_port=8000,
        probes=(probe,),
        min_replicas=1,
        max_replicas=1,
        cooldown=300,
        concurrent_requests=100,
    )


@dataclass(frozen=True, kw_only=True)
class Site:
    """The app's own address and the edge's, the names, and a browser's options for them."""

    app: str
    edge: str
    names: Domains
    options: list[str]

    def bind(self, address: str) -> None:
        """Let the site's own names lead to one of the two."""
        for name in (PUBLIC, WWW):
            self.names.bind(name, address)


@asynccontextmanager
async def running(folder: Path, deployed: Revision) -> AsyncGenerator[Site]:
    """The app behind its ingress, which has all names, and an edge before that."""
    async with AsyncExitStack() as stack:
        reaper = Reaper()
        await reaper.start()
        stack.push_async_callback(reaper.stop)
        app = App(
            "homepage",
            host=ORIGIN,
            port=0,
            reaper=reaper,
            log=folder / "homepage.log",
            home=folder / "home",
            user=None,
            front_doors=lambda: [PROFILE],
            deploy_timeout=PATIENCE,
        )
        await app.start()
        stack.push_async_callback(app.stop)
        await app.deploy(deployed)
        here = f"http://127.0.0.1:{app.port}"
        route = partial(Route, origins=(Origin(host=ORIGIN, host_header=ORIGIN),))
        endpoint = Endpoint(
            host=EDGE,
            front_door_id=PROFILE,
            routes=[route(patterns=("/*",), cache=CachePolicy()), route(patterns=PRIVATE_PATHS)],
            connect=lambda _: here,
            log=folder / "edge.log",
        )
        stack.push_async_callback(endpoint.close)
        entrance = Listener(endpoint, 0)
        await entrance.start()
        stack.push_async_callback(entrance.stop)
        found = {one.port: one.app for one in (app.listener, entrance)}
        authority = Authority(folder)
        names = Domains(port=0, authority=authority, find=found.get)
        await names.start()
        stack.push_async_callback(names.stop)
        for name in (PUBLIC, WWW, ORIGIN):
            names.bind(name, here)
        told = {"port": names.port, "pin": authority.pin, "names": names.targets}
        edge = f"http://127.0.0.1:{entrance.port}"
        yield Site(app=here, edge=edge, names=names, options=browser_options(told))


@asynccontextmanager
async def visitor(browser: Browser) -> AsyncGenerator[Page]:
    """A page of somebody who has never been there."""
    context = await browser.new_context(ignore_https_errors=False)
    context.set_default_timeout(PATIENCE * 1000)

    async def ours(route: object) -> None:
        await route.abort()  # pyright: ignore[reportAttributeAccessIssue]

    # The provider's own pages have decoration from elsewhere.
    own = (f"https://{PUBLIC}/", f"https://{WWW}/", f"https://{ORIGIN}/", "https://localhost:")
    await context.route(lambda url: not url.startswith((*own, f"http://{WWW}/")), ours)
    yield await context.new_page()
    await context.close()


async def before(response: Response) -> list[Response]:
    """The redirects that led to a response, the first one first."""
    found: list[Response] = []
    request = response.request.redirected_from
    while request is not None:
        answer = await request.response()
        assert answer
        found.insert(0, answer)
        request = request.redirected_from
    return found


async def go(page: Page, url: str) -> Response:
    response = await page.goto(url)
    assert response
    return response


async def test_a_site_under_its_own_name(tls: Tls, provider: str, tmp_path: Path) -> None:
    """First the app has the names, then the edge before it, through which somebody signs in too."""
    async with (
        running(tmp_path, revision(provider, tls)) as site,
        async_playwright() as playwright,
    ):
        rules, trust = site.options
        launch = partial(playwright.chromium.launch, executable_path=chromium())
        # Plain http stays plain, where the site has not forbidden it.
        quiet = [*QUIET, "--disable-features=HttpsUpgrades", rules]
        expect.set_options(timeout=PATIENCE * 1000)

        browser = await launch(args=quiet)
        async with visitor(browser) as page:
            with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                await page.goto(f"https://{PUBLIC}/")
        await browser.close()

        browser = await launch(args=[*quiet, f"{trust},{tls.pin}"])
        for address in (site.app, site.edge):
            site.bind(address)
            async with visitor(browser) as page:
                # Nobody answers plain http, unless the browser was told to use https.
                with pytest.raises(Error):
                    await page.goto(f"http://{WWW}/")
            async with visitor(browser) as page:
                response = await redirects(page)
                assert ("x-cache" in response.headers) == (address == site.edge)
                await probes(page)
        async with visitor(browser) as page:
            await signs_in_and_out(page)
        await browser.close()


async def redirects(page: Page) -> Response:
    """To the public name, path and query kept, and over https alone from then on."""
    for name in (WWW, ORIGIN):
        response = await go(page, f"https://{name}{DEEP}")
        assert page.url == f"https://{PUBLIC}{DEEP}"
        (moved,) = await before(response)
        assert (moved.status, response.status) == (308, 200)
        for answer in (moved, response):
            assert await answer.header_value("strict-transport-security") == HSTS
        assert await page.context.cookies() == []

    response = await go(page, f"http://{WWW}/projects")
    assert page.url == f"https://{PUBLIC}/projects"
    upgraded, moved = await before(response)
    assert (upgraded.status, moved.status) == (307, 308)
    assert await upgraded.header_value("non-authoritative-reason") == "HSTS"
    return response


async def probes(page: Page) -> None:
    """They are answered under every name."""
    response = await go(page, f"https://{ORIGIN}/healthz")
    assert (response.status, page.url) == (200, f"https://{ORIGIN}/healthz")


async def signs_in_and_out(page: Page) -> None:
    """From a deep page of another name, and back on the public one."""
    await page.goto(f"https://{WWW}{DEEP}")
    await page.get_by_role("navigation").get_by_role("link", name="Sign in").click()
    await page.get_by_role("link", name="Continue to localhost").click()
    await page.get_by_role("button", name="ada", exact=True).click()
    await expect(page).to_have_url(f"https://{PUBLIC}{DEEP}")
    menu = page.get_by_role("navigation").locator("summary")
    await expect(menu).to_have_text(NAME)

    cookies = {one.get("name"): one for one in await page.context.cookies(f"https://{PUBLIC}")}
    assert set(cookies) == {"__Host-session", "signed_in"}
    for cookie in cookies.values():
        assert (cookie.get("domain"), cookie.get("path")) == (PUBLIC, "/")
        assert cookie.get("secure")
        assert cookie.get("sameSite") == "Lax"
    assert cookies["__Host-session"].get("httpOnly")
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()

    await page.goto(f"https://{PUBLIC}/account")
    await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    await page.get_by_role("link", name="Sign out of this site").click()
    await page.get_by_role("button", name="End session").click()
    await expect(page).to_have_url(f"https://{PUBLIC}/")
    assert await page.context.cookies(f"https://{PUBLIC}") == []
