"""An OpenID Connect provider on this machine, over TLS with an authority of the tests' own.

It signs what a test tells it to, right or wrong, and checks the client's secret and code.
"""

import base64
import contextlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT, SECRET, CODE = "the-client", "the-secret", "the-code"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Claims = dict[str, Any]


class Provider(ThreadingHTTPServer):
    """`change` and `sign` decide what the next id_token says and who signs it.

    What it says of itself it says while `speaks` is set: that it is at `path`, and, while `ends`,
    where sessions end.
    """

    daemon_threads = True

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = authority.issue_cert("localhost")
        issued.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # half typed there
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.path = "/tenant"
        self.ends = True
        self.nonce = ""
        self.change: Callable[[Claims], Claims] = unchanged
        self.sign: Callable[[Claims], str] = signed
        self.tokens = 0
        self.speaks = threading.Event()
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.server_port}{self.path}"

    def authorize(self, auth_uri: str) -> dict[str, str]:
        """Do what a visitor does at the provider; return the parameters they come back with."""
        sent = {name: values[0] for name, values in parse_qs(urlsplit(auth_uri).query).items()}
        assert sent["client_id"] == CLIENT
        assert sent["response_type"] == "code"
        self.nonce = sent["nonce"]
        return {"code": CODE, "state": sent["state"]}

    def id_token(self) -> str:
        now = int(time.time())
        claims: Claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-1",
            "oid": "object-1",
            "name": "Ada Example",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 600,
        }
        return self.sign(self.change(claims))

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what is at `path`, None if nothing is."""
        public = RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **({"end_session_endpoint": f"{self.issuer}/end?a=b"} if self.ends else {}),
        }
        return {
            f"{self.path}/.well-known/openid-configuration": metadata,
            f"{self.path}/keys": {"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]},
        }.get(path)


def unchanged(claims: Claims) -> Claims:
    return claims


def signed(claims: Claims) -> str:
    return jwt.encode(claims, KEY, "RS256", headers={"kid": "1"})


def forged(claims: Claims) -> str:
    return jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": "1"})


def unknown_key(claims: Claims) -> str:
    return jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": "2"})


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, "", "none", headers={"kid": "1"})


def nonsense(_claims: Claims) -> str:
    return "a.b.c"


def shared_secret(claims: Claims) -> str:
    return jwt.encode(claims, SECRET * 4, "HS256", headers={"kid": "1"})


class _Handler(BaseHTTPRequestHandler):
    server: Provider  # pyright: ignore[reportIncompatibleVariableOverride]  # the only one

    def do_GET(self) -> None:
        self.server.speaks.wait()
        answer = self.server.answer(self.path)
        self._send(404 if answer is None else 200, answer or {})

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = (
            sent.get("client_secret") == [SECRET]
            or self.headers["Authorization"] == f"Basic {basic}"
        )
        if not known or sent["code"] != [CODE] or "code_verifier" not in sent:
            self._send(400, {"error": "invalid_grant"})
            return
        self.server.tokens += 1
        answer = {"access_token": "the-access-token", "token_type": "Bearer", "expires_in": 600}
        self._send(200, {**answer, "id_token": self.server.id_token()})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may have gone
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class
        """Nothing."""
