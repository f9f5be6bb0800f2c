"""One deployment of the homepage with all that it can have, for the tests of it."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environment import ROOT, SETTINGS, Environment
from tests.system.asking import PATIENCE, declared_host, kept_by_the_edge, style_of
from tests.system.tls import Tls

APP = Path("apps/homepage")
DOCKERFILE = APP / "Dockerfile"
INDEX = APP / "homepage/pages/templates/pages/index.html"
# Made for developers by `make test`: the homepage's own packages and a provider to sign in at.
TOOLS = ROOT / ".frugal/venvs/homepage/bin"

EDITION = "another edition"


@pytest.fixture(scope="module")
def go_back(environment: Environment) -> Iterator[Callable[[], None]]:
    """Make checkout and environment what they were; also at the end, where a test could not."""
    root = environment.clone.root
    found = {name: (root / name).read_text() for name in (DOCKERFILE, INDEX, SETTINGS)}

    def back() -> None:
        changed = [name for name, text in found.items() if (root / name).read_text() != text]
        for name in changed:
            (root / name).write_text(found[name])
        (root / APP / "provider.pem").unlink(missing_ok=True)
        if changed:
            environment.apply()

    yield back
    back()


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The site after its deployment.

    `public`: its declared address, with a slash at the end; `before`: the sheets of style of the
    two sites, which the edge kept.
    """

    tls: Tls
    public: str
    before: dict[str, str]


@pytest.fixture(scope="module")
def tls(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    return Tls.make(folder, "localhost", declared_host(environment))


@pytest.fixture(scope="module")
def provider(tls: Tls) -> Iterator[str]:
    """The authority of a real OpenID Connect server over TLS."""
    assert TOOLS.exists(), "the homepage's environment is missing; `make test` makes it"
    program = ROOT / APP / "tests/oidc_server.py"
    with subprocess.Popen(
        [TOOLS / "python", program, tls.certificate, tls.key], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield f"https://localhost:{int(server.stdout.readline())}/tenant"
        server.terminate()


@pytest.fixture(scope="module")
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


@pytest.fixture(scope="module")
def deployed(
    environment: Environment,
    go_back: Callable[[], None],
    tls: Tls,
    provider: str,
    silent: socket.socket,
) -> Deployed:
    root = environment.clone.root
    before = {name: style_of(environment.url(name)) for name in ("homepage", "translator")}
    for url in before.values():
        kept_by_the_edge(url)

    index = (root / INDEX).read_text()
    assert "</h1>" in index
    (root / INDEX).write_text(index.replace("</h1>", f" ({EDITION})</h1>"))
    # A provider with a certificate of an authority that nobody else knows: the image brings it.
    shutil.copy(tls.authority, root / APP / "provider.pem")
    trust = "COPY provider.pem ./\nENV REQUESTS_CA_BUNDLE=/app/provider.pem\n\nUSER "
    dockerfile = (root / DOCKERFILE).read_text()
    assert "\nUSER " in dockerfile
    (root / DOCKERFILE).write_text(dockerfile.replace("USER ", trust))
    sheet = f"https://localhost:{silent.getsockname()[1]}"
    environment.configure(
        {
            "homepage.signIn.clientId": "the-client",
            "homepage.signIn.authority": provider,
            "homepage.originLock": "true",
            "homepage.minReplicas": "2",
            **{
                f"homepage.sheet.csv.{n}": f"{sheet}/{n}"
                for n in ("talks", "projects", "interviews")
            },
        },
        {"homepage.signIn.clientSecret": "the-secret", "homepage.sessionKey": "k" * 32},
    )
    environment.apply()
    return Deployed(tls=tls, public=f"https://{declared_host(environment)}/", before=before)
