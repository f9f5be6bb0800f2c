"""The managed identity as credential, against an endpoint like that of Container Apps."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from homepage.auth.credential import credential
from homepage.settings import Settings
from pydantic import SecretStr

pytestmark = pytest.mark.unit

IDENTITY = "11111111-2222-3333-4444-555555555555"


class Endpoint(ThreadingHTTPServer):
    """Answers with `status`; `asked` has every query and the header that came with it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.asked: list[tuple[dict[str, list[str]], str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint  # pyright: ignore[reportIncompatibleVariableOverride]  # the only one

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.asked.append((query, self.headers["X-IDENTITY-HEADER"]))
        answer = {
            "access_token": "the-assertion",
            "expires_on": "4102444800",
            "resource": "api://AzureADTokenExchange",
            "token_type": "Bearer",
        }
        body = json.dumps(answer if self.server.status == 200 else {"error": "away"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class
        """Nothing."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Generator[Endpoint]:
    server = Endpoint()
    threading.Thread(target=server.serve_forever, args=[0.01]).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "the-header")
    yield server
    server.shutdown()
    server.server_close()


def settings(secret: str | None) -> Settings:
    return Settings(
        session_key=SecretStr("k" * 32),
        oidc_client_id="client",
        oidc_client_secret=SecretStr(secret) if secret else None,
        azure_client_id=IDENTITY,
    )


def test_the_identity_vouches_for_the_app(endpoint: Endpoint) -> None:
    given = credential(settings(None))
    assert isinstance(given, dict)
    assert given["client_assertion"]() == "the-assertion"
    query, header = endpoint.asked[0]
    assert query["resource"] == ["api://AzureADTokenExchange"]
    assert query["client_id"] == [IDENTITY]
    assert header == "the-header"


def test_an_identity_that_is_away_gives_no_assertion(endpoint: Endpoint) -> None:
    endpoint.status = 400
    given = credential(settings(None))
    assert isinstance(given, dict)
    with pytest.raises(RuntimeError, match="gave no token"):
        given["client_assertion"]()


def test_a_client_secret_comes_first(endpoint: Endpoint) -> None:
    assert credential(settings("the-secret")) == "the-secret"
    assert endpoint.asked == []
