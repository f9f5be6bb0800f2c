"""A stand-in for Microsoft Entra ID, and for an issuer of pipeline tokens, on the loopback.

It is the HTTPS proxy of the client under test, and answers for every host that is asked for, with
a certificate of its own authority: so the client uses Entra's genuine host names.
Its answers have the fields that msal 1.39 and azure-identity 1.27 read.
"""

import json
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme

_HOSTS = ("login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn")


@dataclass(kw_only=True)
class Exchange:
    """One request for a token: host, tenant in its path, and the form's fields."""

    host: str
    tenant: str
    form: dict[str, str]


@dataclass(kw_only=True)
class Entra:
    """Started stand-in. `refusal`: error description of the next exchanges, "" for none."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    pipeline: list[tuple[dict[str, str], str]] = field(
        default_factory=list[tuple[dict[str, str], str]]
    )
    """Requests for a pipeline's token: query, and value of the header Authorization."""
    refusal: str = ""


@contextmanager
def entra(folder: Path) -> Generator[Entra]:
    """Start the stand-in; `folder` gets `ca.pem`, the certificate that its clients must trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(*_HOSTS)
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb")
            self.close_connection = False

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            host, tenant = self.headers["Host"], address.path.split("/")[1]
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            if address.path == "/pipeline":
                running.pipeline.append((query, self.headers["Authorization"]))
                self.answer(200, {"value": "a-pipeline-token"})
            elif address.path.endswith("/discovery/instance"):
                found = f"https://{host}/{tenant}/v2.0/.well-known/openid-configuration"
                self.answer(200, {"tenant_discovery_endpoint": found, "metadata": []})
            else:
                issuer = f"https://{host}/{tenant}"
                self.answer(
                    200,
                    {
                        "issuer": f"{issuer}/v2.0",
                        "authorization_endpoint": f"{issuer}/oauth2/v2.0/authorize",
                        "token_endpoint": f"{issuer}/oauth2/v2.0/token",
                    },
                )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            tenant = self.path.split("/")[1]
            running.exchanges.append(Exchange(host=self.headers["Host"], tenant=tenant, form=form))
            if running.refusal:
                problem = {"error": "invalid_client", "error_description": running.refusal}
                self.answer(401, problem)
            else:
                number = len(running.exchanges)
                token = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"t{number}"}
                self.answer(200, token)

        def answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Entra(url=f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
