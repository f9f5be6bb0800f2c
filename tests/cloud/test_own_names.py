"""Own domains: each name over TLS from its target, certificates and their renewal, restarts."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from frugal.cloud.cloud import Cloud
from frugal.cloud.domains import LIFETIME, RENEWED_BEFORE, Domains
from frugal.cloud.edge import Endpoint, Origin, Route
from frugal.cloud.files import FileSite
from frugal.cloud.listen import Listener
from frugal.cloud.status import status
from frugal.cloud.tls import Authority
from frugal.cloud.types import TYPES
from frugal.cloud.types.front_door import RunningEndpoint
from tests.cloud.test_rules import Edge, World, edge, world
from tests.cloud.test_static_site import FREE

__all__ = ["edge", "world"]

NAME, WWW = "example.org", "www.example.org"
# asyncio closes the connection, where others send an alert.
REFUSED = (ssl.SSLError, ConnectionResetError)
TARGET, OTHER = "http://127.0.0.1:1001", "http://127.0.0.1:1002"


class Clock:
    """A machine's clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def says(text: str) -> ASGIApp:
    """An application that answers with a text, and what it knows of the visit."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        host = request.headers["host"]
        answer = PlainTextResponse(f"{text} {request.url.scheme} {host} {scope['client'][0]}")
        await answer(scope, receive, send)

    return app


APPS = {1001: says("one"), 1002: says("two")}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(tmp_path: Path, clock: Clock) -> Authority:
    (tmp_path / "tls").mkdir()
    return Authority(tmp_path / "tls", clock=clock)


@pytest.fixture
async def domains(authority: Authority) -> AsyncGenerator[Domains]:
    domains = Domains(port=0, authority=authority, find=APPS.get)
    await domains.start()
    yield domains
    await domains.stop()


class Visit:
    """A connection over TLS that asked for a name and trusts the authority alone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def certificate(self) -> x509.Certificate:
        der = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der)

    async def get(self, host: str) -> tuple[int, str]:
        """The status and the body for a `Host`."""
        self._writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        return int(head.split()[1]), body.decode().strip()

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def visit(
    domains: Domains,
    authority: Authority,
    name: str | None,
    *,
    trusting: ssl.SSLContext | None = None,
) -> AsyncGenerator[Visit]:
    context = trusting or ssl.create_default_context(cafile=str(authority.ca_file))
    # Without a name none is sent, and the certificate is not compared with it.
    context.check_hostname = name is not None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", domains.port, ssl=context, server_hostname=name or ""
    )
    made = Visit(reader, writer)
    try:
        yield made
    finally:
        made.close()


async def get(domains: Domains, authority: Authority, name: str) -> tuple[int, str]:
    async with visit(domains, authority, name) as made:
        return await made.get(name)


async def test_each_name_has_its_target_and_a_certificate(
    domains: Domains, authority: Authority, clock: Clock
) -> None:
    domains.bind(NAME, TARGET)
    domains.bind(WWW, OTHER)

    assert await get(domains, authority, NAME) == (200, f"one https {NAME} 127.0.0.1")
    async with visit(domains, authority, WWW) as made:
        assert await made.get(WWW) == (200, f"two https {WWW} 127.0.0.1")
        names = made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert names.value.get_values_for_type(x509.DNSName) == [WWW]
        end = clock.now.replace(microsecond=0) + LIFETIME
        assert made.certificate.not_valid_after_utc == end


@pytest.mark.parametrize("name", ["other.example", f"x.{NAME}", "127.0.0.1", None])
async def test_another_name_is_refused_in_the_handshake(
    domains: Domains, authority: Authority, name: str | None
) -> None:
    domains.bind(NAME, TARGET)

    with pytest.raises(REFUSED):
        async with visit(domains, authority, name):
            pass
    assert await get(domains, authority, NAME) == (200, f"one https {NAME} 127.0.0.1")


async def test_a_name_is_refused_before_and_after(domains: Domains, authority: Authority) -> None:
    with pytest.raises(REFUSED):
        await get(domains, authority, NAME)
    domains.bind(NAME, TARGET)
    async with visit(domains, authority, NAME) as open_before:
        domains.unbind(NAME)
        domains.unbind(NAME)
        assert await open_before.get(NAME) == (421, "Not bound.")
    with pytest.raises(REFUSED):
        await get(domains, authority, NAME)


async def test_a_host_header_chooses_among_bound_names(
    domains: Domains, authority: Authority
) -> None:
    domains.bind(NAME, TARGET)
    domains.bind(WWW, OTHER)

    async with visit(domains, authority, NAME) as made:
        assert await made.get("other.example") == (421, "Not bound.")
        assert (await made.get(f"{WWW.upper()}:443"))[1].startswith("two")
        assert (await made.get(NAME))[1].startswith("one")


async def test_a_name_can_move_and_letter_case_is_one(
    domains: Domains, authority: Authority
) -> None:
    domains.bind("Example.ORG", TARGET)
    domains.bind(NAME, OTHER)

    assert domains.targets == {NAME: OTHER}
    assert (await get(domains, authority, "EXAMPLE.org"))[1].startswith("two")
    domains.unbind("EXAMPLE.org")
    assert domains.targets == {}


async def test_where_nothing_runs_it_says_so(domains: Domains, authority: Authority) -> None:
    domains.bind(NAME, "http://127.0.0.1:1003")

    assert await get(domains, authority, NAME) == (503, "Nothing runs at http://127.0.0.1:1003.")


async def test_a_certificate_is_renewed_in_time(
    domains: Domains, authority: Authority, clock: Clock
) -> None:
    # So that the client, which has the machine's own clock, accepts each of them.
    clock.now -= LIFETIME - RENEWED_BEFORE - timedelta(hours=1)
    domains.bind(NAME, TARGET)
    trusting = ssl.create_default_context(cafile=str(authority.ca_file))

    async def seen() -> tuple[int, datetime]:
        async with visit(domains, authority, NAME, trusting=trusting) as made:
            found = made.certificate
            return found.serial_number, found.not_valid_after_utc

    first, end = await seen()
    clock.now += LIFETIME - RENEWED_BEFORE - timedelta(seconds=1)
    assert await seen() == (first, end)
    clock.now += timedelta(seconds=1)
    second, later = await seen()
    assert second != first
    assert later == clock.now.replace(microsecond=0) + LIFETIME
    assert await seen() == (second, later)
    # A clock that is set back: the certificate would not be good yet.
    clock.now -= timedelta(days=3)
    third, _ = await seen()
    assert third != second


async def test_no_key_of_a_name_is_on_disk(
    domains: Domains, authority: Authority, tmp_path: Path
) -> None:
    domains.bind(NAME, TARGET)
    await get(domains, authority, NAME)

    files = [file for file in tmp_path.rglob("*") if file.is_file()]  # noqa: ASYNC240
    assert [f.name for f in files if b"PRIVATE KEY" in f.read_bytes()] == ["ca.key"]
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o777 == 0o600


async def test_through_an_edge_the_origin_learns_name_and_scheme(
    tmp_path: Path, authority: Authority
) -> None:
    seen: list[dict[str, str]] = []

    async def origin_app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(Request(scope).headers))
        await PlainTextResponse("page")(scope, receive, send)

    origin = Listener(origin_app, 0)
    await origin.start()
    endpoint = Endpoint(
        host="site.z01.azurefd.net",
        front_door_id="55ce4ed1",
        routes=[Route(patterns=("/*",), origins=(Origin(host="app", host_header="app"),))],
        connect=lambda _: f"http://127.0.0.1:{origin.port}",
        log=tmp_path / "edge.log",
    )
    domains = Domains(port=0, authority=authority, find={1001: endpoint}.get)
    await domains.start()
    domains.bind(NAME, TARGET)
    try:
        async with visit(domains, authority, NAME) as made:
            assert (await made.get(NAME))[0] == 200
    finally:
        await domains.stop()
        await endpoint.close()
        await origin.stop()
    (sent,) = seen
    assert (sent["host"], sent["x-forwarded-host"], sent["x-forwarded-proto"]) == (
        "app",
        NAME,
        "https",
    )


async def test_a_cloud_serves_the_names_of_its_sites(
    world: World, edge: Edge, cloud: Cloud
) -> None:
    await world.make("web:StaticSite", "homepage", **FREE)
    (site,) = cloud.running_as(FileSite).values()
    (endpoint,) = cloud.running_as(RunningEndpoint).values()
    await edge.origin(hostName=site.host)
    await world.make("cdn:Route", "route", **edge.route_body("/*"))
    (site.folder / "index.html").write_text("home")
    cloud.domains.bind(WWW, f"http://127.0.0.1:{site.port}")
    cloud.domains.bind(NAME, f"http://127.0.0.1:{endpoint.port}")

    for name in (NAME, WWW):
        assert await get(cloud.domains, cloud.authority, name) == (200, "home")
    found = status(cloud)
    assert found["domains"] == {
        "port": cloud.domains.port,
        "authority": str(cloud.authority.ca_file),
        "pin": cloud.authority.pin,
        "names": {
            NAME: f"http://localhost:{endpoint.port}/",
            WWW: f"http://localhost:{site.port}/",
        },
    }
    assert cloud.domains.port in found["ports"]

    await cloud.stop()
    again = Cloud(cloud.folder, TYPES)
    await again.start()
    try:
        for name, target in cloud.domains.targets.items():
            again.domains.bind(name, target)
        assert status(again)["domains"] == found["domains"]
        assert await get(again.domains, cloud.authority, NAME) == (200, "home")
    finally:
        await again.stop()
