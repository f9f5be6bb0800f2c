"""The Translator's endpoint, asked as the app asks it: by its declared address, over TLS."""

import asyncio
import ssl
from typing import Any

import grpc.aio
import httpx
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.provider import Provider, serve
from frugal.cloud.running import EmulatedHost
from frugal.cloud.translator import Tunnel, tunnel
from frugal.cloud.translator.service import distorted
from frugal.cloud.types import TYPES
from frugal.cloud.types.apps import platform_environment
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import Made, ProviderClient, refusal
from tests.cloud.test_rules import World, world

__all__ = ["world"]

USER = "a97b65f3-24c7-4388-baec-2e87135dc908"
SUBDOMAIN = "translator-1a2b3c4d"
ENDPOINT = f"https://{SUBDOMAIN}.cognitiveservices.azure.com"
PATH = f"{ENDPOINT}/translator/text/v3.0/translate"
AUDIENCE = "https://cognitiveservices.azure.com/.default"


def account(subdomain: str = SUBDOMAIN, sku: str = "F0", **changes: Any) -> dict[str, Any]:
    properties = {"customSubDomainName": subdomain, "disableLocalAuth": True}
    return {"kind": "TextTranslation", "sku": {"name": sku}, "properties": properties, **changes}


class Bench:
    """An account and the identity of an app that may use it."""

    def __init__(self, world: World, cloud: Cloud) -> None:
        self.world = world
        self.cloud = cloud
        self.made: Made
        self.principal = ""

    async def furnish(self) -> None:
        self.made = await self.world.make("cognitiveservices:Account", "account", **account())
        identity = await self.world.make("managedidentity:UserAssignedIdentity", "app")
        self.principal = identity.outputs["principalId"]

    async def allow(self) -> Made:
        body = {
            "scope": self.made.id,
            "principalId": self.principal,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"/subscriptions/0/providers/x/roleDefinitions/{USER}",
        }
        return await self.world.engine.create(
            "azure-native:authorization:RoleAssignment", "user", body
        )

    def token(self, **changes: Any) -> str:
        claims = {"object_id": self.principal, "resource": AUDIENCE, **changes}
        return self.cloud.tokens.issue(client_id="c", **claims)[0]

    def environment(self, **declared: str) -> dict[str, str]:
        app = self.cloud.store.need(self.made.id)  # without identities: nothing else is added
        return platform_environment(self.cloud, app, declared)

    async def ask(
        self, *texts: str, token: str | None = None, body: Any = None, **query: Any
    ) -> httpx.Response:
        """As the app's client does it, by the variables alone that the platform adds."""
        given = self.environment(TRANSLATOR_ENDPOINT=ENDPOINT)
        asked = {"api-version": "3.0", "from": "en", "to": "fr", **query}
        with pytest.MonkeyPatch.context() as patched:
            for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
                patched.setenv(name, given[name])
            async with httpx.AsyncClient(timeout=60) as client:
                return await client.post(
                    PATH,
                    params={k: v for k, v in asked.items() if v is not None},
                    json=[{"Text": text} for text in texts] if body is None else body,
                    headers={"Authorization": f"Bearer {token or self.token()}"},
                )


@pytest.fixture
async def bench(world: World, cloud: Cloud) -> Bench:
    bench = Bench(world, cloud)
    await bench.furnish()
    return bench


async def test_a_text_is_translated_for_who_has_the_role(bench: Bench) -> None:
    await bench.allow()
    answer = await bench.ask("A stitch in time saves nine", "Yes")
    assert answer.status_code == 200
    assert answer.headers["x-frugal-simulated"] == "true"
    first, second = [one["translations"] for one in answer.json()]
    assert first[0]["to"] == "fr"
    assert first[0]["text"] not in ("", "A stitch in time saves nine")
    assert first[0]["text"] == distorted("A stitch in time saves nine", "en", "fr")
    assert second[0]["text"] == "Yis"
    assert answer.headers["x-metered-usage"] == str(len("A stitch in time saves nine") + 3)


async def test_several_languages_and_none_to_come_from(bench: Bench) -> None:
    await bench.allow()
    answer = await bench.ask("Hello world", to=["de", "zh-Hans"], **{"from": None})
    (one,) = answer.json()
    assert [each["to"] for each in one["translations"]] == ["de", "zh-Hans"]
    assert one["detectedLanguage"]["language"] == "en"


async def test_without_the_role_it_is_refused_and_with_it_no_more(bench: Bench) -> None:
    answer = await bench.ask("Hello")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "PermissionDenied")
    role = await bench.allow()
    assert (await bench.ask("Hello")).status_code == 200
    await bench.world.engine.delete(role)
    assert (await bench.ask("Hello")).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": "https://management.azure.com"},
        {"lifetime": -1},
        {"object_id": "another"},
    ],
)
async def test_a_wrong_token_is_refused(bench: Bench, changes: dict[str, Any]) -> None:
    await bench.allow()
    token = bench.token(**changes)
    answer = await bench.ask("Hello", token=token)
    assert answer.status_code == 401
    assert token not in answer.text


async def test_an_account_has_no_keys_and_shows_it(bench: Bench, cloud: Cloud) -> None:
    async with arm_client(cloud) as arm:
        listed = await arm.post(f"{bench.made.id}/listKeys")
        assert (listed.status_code, listed.json()["error"]["code"]) == (400, "BadRequest")
        assert "disableLocalAuth is set to be true" in listed.json()["error"]["message"]
        assert (await arm.post(f"{bench.made.id}-other/listKeys")).status_code == 404
        patch = {"properties": {"publicNetworkAccess": "Disabled"}}
        assert (await arm.patch(bench.made.id, json=patch)).status_code == 200
        shown = (await arm.get(bench.made.id)).json()["properties"]
    assert (shown["disableLocalAuth"], shown["publicNetworkAccess"]) == (True, "Disabled")
    assert shown["endpoint"] == f"{ENDPOINT}/"


async def test_a_key_is_no_way_in(bench: Bench) -> None:
    await bench.allow()
    answer = await bench.ask("Hello", token="x" * 32)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 401000)


@pytest.mark.parametrize(
    ("code", "texts", "query"),
    [
        (400021, ["a"], {"api-version": "2.0"}),
        (400035, ["a"], {"from": "!"}),
        (400036, ["a"], {"to": ""}),
        (400036, ["a"], {"to": "no such"}),
        (400072, ["a"] * 1001, {}),
        (400050, ["a" * 50_001], {}),
        (400050, ["a" * 25_001], {"to": ["de", "fr"]}),
        (400020, [], {"body": [{"text": 1}]}),
        (400000, [], {"body": {"Text": "a"}}),
    ],
)
async def test_what_the_service_refuses(
    bench: Bench, code: int, texts: list[str], query: dict[str, Any]
) -> None:
    await bench.allow()
    answer = await bench.ask(*texts, **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_the_way_there_is_shown_only_to_apps_that_are_told_of_the_account(
    bench: Bench,
) -> None:
    told = bench.environment(TRANSLATOR_ENDPOINT=ENDPOINT)
    assert set(told) == {"TRANSLATOR_ENDPOINT", "HTTPS_PROXY", "SSL_CERT_FILE"}
    assert told["TRANSLATOR_ENDPOINT"] == ENDPOINT
    for other in ("https://other.cognitiveservices.azure.com", "https://[", ENDPOINT[8:], ""):
        assert set(bench.environment(OTHER=other)) == {"OTHER"}


async def test_the_tunnel_leads_elsewhere_as_without_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another TLS server, with this environment's certificate for its own name.

    It stands for one on another machine.
    """
    monkeypatch.setattr(tunnel, "is_loopback", lambda _address: False)

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"elsewhere")
        writer.close()

    context = bench.cloud.authority.context("localhost")
    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.cloud.tunnel.port)
    writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    trusting = ssl.create_default_context(cafile=str(bench.cloud.authority.bundle_file))
    await writer.start_tls(trusting, server_hostname="localhost")
    assert await reader.read() == b"elsewhere"
    server.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_the_tunnel_does_not_call_the_daemon_for_a_stranger(bench: Bench, host: str) -> None:
    server, port = await serve(Provider(bench.cloud))
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.cloud.tunnel.port)
    writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
    assert (await reader.read()).split()[1] == b"403"
    await server.stop(None)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET http://localhost/ HTTP/1.1", b"405"),
        (b"CONNECT localhost HTTP/1.1", b"405"),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1", b"502"),
    ],
)
async def test_what_the_tunnel_does_not_do(request_line: bytes, status: bytes) -> None:
    proxy = Tunnel(0, find=lambda _host: None)
    await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request_line + b"\r\n\r\n")
    assert (await reader.read()).split()[1] == status
    await proxy.stop()


async def test_a_tunnel_that_stops_closes_what_is_open(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.cloud.tunnel.port)
    host = ENDPOINT.removeprefix("https://")
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await bench.cloud.tunnel.stop()
    assert await reader.read() == b""


async def test_another_app_with_another_authority_does_not_trust_it(bench: Bench) -> None:
    proxy = bench.environment(TRANSLATOR_ENDPOINT=ENDPOINT)["HTTPS_PROXY"]
    async with httpx.AsyncClient(proxy=proxy, trust_env=False, timeout=60) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.post(PATH)


async def test_after_a_restart_it_answers_again(bench: Bench) -> None:
    await bench.allow()
    await bench.cloud.stop()
    again = Cloud(bench.cloud.folder, TYPES)
    await again.start()
    try:
        bench.cloud = again
        assert (await bench.ask("Hello")).status_code == 200
    finally:
        await again.stop()


async def test_a_deleted_account_answers_no_more(bench: Bench) -> None:
    port = next(iter(bench.cloud.running_as(EmulatedHost).values())).port
    await bench.world.engine.delete(bench.made)
    assert not bench.cloud.running_as(EmulatedHost)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (account(kind="OpenAI"), "needs kind to be TextTranslation; it is OpenAI."),
        (
            account(properties={"customSubDomainName": "x"}),
            "needs properties.disableLocalAuth to be True; it is not set.",
        ),
        (account(properties={"disableLocalAuth": True}), "customSubDomainName"),
        (account(), "CustomDomainInUse"),
        (account("another"), "CanNotCreateMultipleFreeAccounts"),
    ],
)
async def test_accounts_that_are_refused(bench: Bench, body: dict[str, Any], message: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await bench.world.make("cognitiveservices:Account", "second", **body)
    assert message in refusal(caught.value)


async def test_a_deleted_account_stands_in_the_way_until_it_is_purged(
    bench: Bench, cloud: Cloud, engine: ProviderClient
) -> None:
    name = bench.made.outputs["name"]
    await engine.delete(bench.made)
    for body, message in (
        (account(accountName=name), "FlagMustBeSetForRestore"),
        (account(), "CustomDomainInUse"),
        (account("another"), "CanNotCreateMultipleFreeAccounts"),
    ):
        assert message in await bench.world.refused("cognitiveservices:Account", "second", **body)
    again = Cloud(cloud.folder, TYPES)
    assert [r.id for r in again.store.deleted("azure-native:cognitiveservices:Account")]

    async with arm_client(cloud) as arm:
        subscription = "/".join(bench.made.id.split("/")[:3])
        path = f"{subscription}/providers/Microsoft.CognitiveServices/deletedAccounts"
        (deleted,) = (await arm.get(path)).json()["value"]
        assert deleted["name"] == name
        assert (await arm.delete(deleted["id"])).status_code == 202
        assert (await arm.delete(deleted["id"])).status_code == 404
        assert (await arm.get(path)).json() == {"value": []}
    await bench.world.make("cognitiveservices:Account", "second", **account(accountName=name))


def test_the_same_text_gives_the_same_and_a_hop_to_itself_nothing() -> None:
    text = "Too many cooks spoil the broth"
    assert distorted(text, "en", "de") == distorted(text, "en", "de")
    assert distorted(text, "en", "de") != distorted(text, "en", "fr")
    assert distorted(text, "en", "EN") == text
    for strange in ("", " ", "日本語", "brrr", "A", "İstanbul", "é è"):
        distorted(strange, "en", "de")
