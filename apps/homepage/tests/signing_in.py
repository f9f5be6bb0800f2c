"""A site with sign-in beside the provider of `provider.py`, and what a visitor does there.

A test file takes the fixtures by `pytest_plugins = ["signing_in"]`.
"""

import html
import re
from collections.abc import Generator
from typing import Any

import provider as oidc
import pytest
import trustme
from flask import Flask
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings
from pydantic import SecretStr

HTTPS = {"base_url": "https://www.example.org"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[oidc.Provider]:
    authority = trustme.CA()
    pem = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(pem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        # Where nothing is wrong a busy machine is waited for.
        patch.setattr("homepage.auth.provider._PATIENCE", 60)
        patch.setattr("homepage.auth.sign_in._PATIENCE", 60)
        server = oidc.Provider(authority)
        yield server
        server.shutdown()
        server.server_close()


@pytest.fixture
def provider(served: oidc.Provider) -> oidc.Provider:
    served.change, served.sign, served.tokens = oidc.unchanged, oidc.signed, 0
    served.path, served.ends = "/tenant", True
    served.speaks.set()
    return served


def settings(provider: oidc.Provider, **changes: Any) -> Settings:
    return Settings.model_validate(
        {
            "public_url": "https://www.example.org",
            "oidc_client_id": oidc.CLIENT,
            "oidc_client_secret": SecretStr(oidc.SECRET),
            "oidc_authority": provider.issuer,
            "session_key": SecretStr("k" * 32),
            **changes,
        }
    )


@pytest.fixture
def app(provider: oidc.Provider) -> Flask:
    return create_app(settings(provider))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def begin(client: FlaskClient, next_url: str | None = None) -> str:
    """Ask for sign-in; return the address at the provider."""
    query = {} if next_url is None else {"next_url": next_url}
    page = client.get("/login", query_string=query, **HTTPS)
    assert page.status_code == 200
    link = re.search(r'class="button" href="([^"]+)"', page.text)
    assert link
    return html.unescape(link[1])


def come_back(client: FlaskClient, parameters: dict[str, str]) -> Any:
    return client.get("/auth_response", query_string=parameters, **HTTPS)


def who(client: FlaskClient) -> Any:
    answer = client.get("/me", **HTTPS)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json
    return answer.json["user"]
