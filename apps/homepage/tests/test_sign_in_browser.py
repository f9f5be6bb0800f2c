"""Sign-in as a visitor does it: a real browser, a real OpenID Connect server over TLS."""

import base64
import hashlib
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import PATIENCE, Process
from test_browser import CHROMIUM, assert_open_to_all, launched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no browser")

NAME = "Ada <b>Someonesdottir</b>"


@dataclass(frozen=True)
class Tls:
    """Files of a certificate for localhost, its authority, and its key's hash for the browser."""

    authority: Path
    certificate: Path
    key: Path
    pin: str


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = Tls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem", _pin(issued))
    authority.cert_pem.write_to_path(files.authority)
    issued.private_key_pem.write_to_path(files.key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(files.certificate, append=True)
    return files


def _pin(issued: trustme.LeafCert) -> str:
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture(scope="module")
def authority(tls: Tls) -> Generator[str]:
    program = Path(__file__).with_name("oidc_server.py")
    with subprocess.Popen(
        [sys.executable, program, tls.certificate, tls.key], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield f"https://localhost:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture
def replicas(
    request: pytest.FixtureRequest, serve: Callable[..., Process], tls: Tls, authority: str
) -> tuple[str, str]:
    """Two processes of one site; the provider sends visitors back to the first.

    Its parameter is the provider's path, by default that of a bare host.
    """
    path: str = getattr(request, "param", "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    first, second = (
        serve(
            PORT=given,
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            OIDC_CLIENT_ID="the-client",
            OIDC_CLIENT_SECRET="the-secret",
            OIDC_AUTHORITY=authority + path,
            SESSION_KEY="k" * 32,
            REQUESTS_CA_BUNDLE=str(tls.authority),
        ).address
        for given in (str(port), "0")
    )
    return first, second


@pytest.fixture
def browser(tls: Tls) -> Generator[Browser]:
    with sync_playwright() as playwright:
        # Trusts the one key, not every certificate.
        trust = f"--ignore-certificate-errors-spki-list={tls.pin}"
        browser = launched(playwright, trust)
        yield browser
        browser.close()


@pytest.mark.parametrize("replicas", ["", "/tenant"], indirect=True, ids=["bare host", "path"])
def test_a1_10_a1_23_from_a_deep_page_through_the_provider_and_out_again(
    browser: Browser, replicas: tuple[str, str]
) -> None:
    first, second = replicas
    context = browser.new_context()
    # The provider's own pages have decoration from elsewhere.
    context.route(
        lambda url: not url.startswith(("http://127.0.0.1:", "https://localhost:")),
        lambda route: route.abort(),
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{first}/talks?from=a%2Fb&x=1")
    link = page.get_by_role("navigation").get_by_role("link", name="Sign in")
    expect(link).to_have_attribute("href", "/login?next_url=%2Ftalks%3Ffrom%3Da%252Fb%26x%3D1")
    link.click()
    assert f"{first}/me" not in asked, "a visitor who is not signed in wakes nobody"
    page.get_by_role("link", name="Continue to localhost").click()
    page.get_by_role("button", name="ada", exact=True).click()
    expect(page).to_have_url(f"{first}/talks?from=a%2Fb&x=1")

    menu = page.get_by_role("navigation").locator("summary")
    leave = page.get_by_role("navigation").get_by_role("link", name="Sign out")
    expect(menu).to_have_text(NAME)
    expect(leave).to_be_hidden()
    menu.press("Enter")
    expect(leave).to_be_visible()
    page.keyboard.press("Escape")
    expect(leave).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    assert_open_to_all(page)
    page.get_by_role("navigation").get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert_open_to_all(page)
    _knows(page, f"{second}/account")

    page.goto(f"{first}/account")
    page.get_by_role("link", name="Sign out of this site").click()
    page.get_by_role("button", name="End session").click()
    expect(page).to_have_url(f"{first}/")
    expect(page.get_by_role("navigation").get_by_role("link", name="Sign in")).to_be_visible()
    assert context.cookies() == []
    page.goto(f"{second}/account")
    expect(page).to_have_url(f"{second}/login?next_url=/account")


def _knows(page: Page, address: str) -> None:
    """A replica that has never seen the visitor knows the name from the cookie."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)


def test_without_script_there_is_a_way_in(browser: Browser, replicas: tuple[str, str]) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{replicas[0]}/projects")
    page.get_by_role("navigation").get_by_role("link", name="Account").click()
    page.get_by_role("link", name="Continue to localhost").click()
    page.get_by_role("button", name="ada", exact=True).click()
    expect(page).to_have_url(f"{replicas[0]}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
