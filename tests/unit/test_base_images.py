"""The renewal of base images, against a server that answers as Docker Hub's registry does."""

import datetime as dt
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.base_images import INDEXES, TEMPLATES, RenewalError, renew

TODAY = dt.date(2026, 12, 24)
OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'a1' * 32}"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKERFILE = """\
# The index of all platforms that Docker Hub gave for {tag} on 2026-10-09.
ARG BASE=python:{tag}@{digest}
FROM ${{BASE}}
"""


class DockerHub(ThreadingHTTPServer):
    """Refuses a manifest with the address of a token, and gives it for that token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.status = 200
        self.headers = {"Docker-Content-Digest": NEW, "Content-Type": INDEXES[0]}
        self.requests: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: DockerHub

    def do_GET(self) -> None:
        self.server.requests.append(("GET", self.path))
        body = json.dumps({"token": "anonymous", "expires_in": 300}).encode()
        self._answer(200, {"Content-Type": "application/json"}, body)

    def do_HEAD(self) -> None:
        self.server.requests.append(("HEAD", self.path))
        if self.headers.get("Authorization") == "Bearer anonymous":
            assert set(INDEXES) <= set(self.headers["Accept"].split(", "))
            self._answer(self.server.status, self.server.headers)
            return
        repository = self.path.removeprefix("/v2/").partition("/manifests/")[0]
        challenge = (
            f'Bearer realm="{self.server.address}/token",service="registry.docker.io",'
            f'scope="repository:{repository}:pull"'
        )
        self._answer(401, {"WWW-Authenticate": challenge})

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the base class
        """Stay silent."""


@pytest.fixture
def registry() -> Iterator[DockerHub]:
    with DockerHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def dockerfiles(tmp_path: Path) -> list[Path]:
    files = [tmp_path / name for name in ("one", "two")]
    for file in files:
        file.write_text(DOCKERFILE.format(tag="3.13-slim", digest=OLD))
    return files


def test_the_digest_of_today_is_written_with_its_date(
    registry: DockerHub, dockerfiles: list[Path]
) -> None:
    lines = renew(dockerfiles, registry=registry.address, today=TODAY)
    assert lines == [f"{file}: python:3.13-slim is now {NEW}" for file in dockerfiles]
    renewed = DOCKERFILE.format(tag="3.13-slim", digest=NEW).replace("2026-10-09", "2026-12-24")
    assert [file.read_text() for file in dockerfiles] == [renewed, renewed]
    manifest = "/v2/library/python/manifests/3.13-slim"
    scope = "/token?service=registry.docker.io&scope=repository%3Alibrary%2Fpython%3Apull"
    assert registry.requests == [("HEAD", manifest), ("GET", scope), ("HEAD", manifest)]


def test_a_digest_that_is_still_the_same_keeps_its_date(
    registry: DockerHub, dockerfiles: list[Path]
) -> None:
    registry.headers["Docker-Content-Digest"] = OLD
    before = [file.read_text() for file in dockerfiles]
    lines = renew(dockerfiles, registry=registry.address, today=TODAY)
    assert lines == [f"{file}: python:3.13-slim is still {OLD}" for file in dockerfiles]
    assert [file.read_text() for file in dockerfiles] == before


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (429, {}, "127.0.0.1 answered 429 for python:3.13-slim."),
        (404, {}, "127.0.0.1 answered 404 for python:3.13-slim."),
        (200, {"Content-Type": MANIFEST}, "gave no index of all platforms"),
        (200, {"Docker-Content-Digest": "sha256:1"}, "gave no index of all platforms"),
    ],
)
def test_an_answer_without_a_digest_changes_nothing(
    status: int,
    headers: dict[str, str],
    message: str,
    registry: DockerHub,
    dockerfiles: list[Path],
) -> None:
    registry.status = status
    registry.headers |= headers
    before = [file.read_text() for file in dockerfiles]
    with pytest.raises(RenewalError, match=message):
        renew(dockerfiles, registry=registry.address, today=TODAY)
    assert [file.read_text() for file in dockerfiles] == before


def test_no_network_is_one_message(dockerfiles: list[Path]) -> None:
    with DockerHub() as closed:
        address = closed.address
    with pytest.raises(RenewalError, match=r"127\.0\.0\.1 was asked for python:3\.13-slim: "):
        renew(dockerfiles, registry=address, today=TODAY)


@pytest.mark.parametrize(
    "line", ["ARG BASE=python:3.13-slim", f"ARG BASE=r.azurecr.io/python:3.13-slim@{OLD}"]
)
def test_a_base_that_is_not_docker_hubs_is_refused_by_file(
    line: str, registry: DockerHub, dockerfiles: list[Path]
) -> None:
    dockerfiles[1].write_text(f"{line}\nFROM ${{BASE}}\n")
    with pytest.raises(RenewalError, match=str(dockerfiles[1])):
        renew(dockerfiles, registry=registry.address, today=TODAY)
    assert registry.requests == []


def test_a_base_without_an_argument_is_left(registry: DockerHub, dockerfiles: list[Path]) -> None:
    dockerfiles[1].write_text("FROM python:3.13-slim\n")
    lines = renew(dockerfiles, registry=registry.address, today=TODAY)
    assert lines == [f"{dockerfiles[0]}: python:3.13-slim is now {NEW}"]
    assert dockerfiles[1].read_text() == "FROM python:3.13-slim\n"


def test_every_dockerfile_of_the_project_can_be_renewed(
    registry: DockerHub, tmp_path: Path
) -> None:
    root = Path(__file__).parents[2]
    apps = [root / "apps" / name / "Dockerfile" for name in ("homepage", "translator")]
    apps += sorted((root / TEMPLATES).glob("*/Dockerfile"))
    assert len(apps) == 4
    copies = [tmp_path / app.parent.name for app in apps]
    for app, copy in zip(apps, copies, strict=True):
        copy.write_text(app.read_text())
    lines = renew(copies, registry=registry.address, today=TODAY)
    assert len(lines) == len(apps)
    for app, copy in zip(apps, copies, strict=True):
        changed = set(copy.read_text().splitlines()) ^ set(app.read_text().splitlines())
        assert {line.partition(" ")[0] for line in changed} == {"#", "ARG"}
        assert f"@{NEW}" in copy.read_text()
        assert re.findall(r"\d{4}-\d\d-\d\d", copy.read_text()) == [str(TODAY)]
