"""A managed identity's endpoint as on App Service and Container Apps, for the tests."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
DATABASE = "https://ossrdbms-aad.database.windows.net"
TRANSLATOR = "https://cognitiveservices.azure.com"
_LENGTH = 1500
"""Bytes of a token: about what Microsoft's have."""


class Identity:
    """Gives a new token for each good request, and tells `accept` of it first."""

    def __init__(self, accept: Callable[[str], object]) -> None:
        self.lifetime = 3600
        self.broken = False
        self.constant = False
        self.tokens: list[str] = []
        self.translator_tokens: list[str] = []
        self._accept = accept
        self._header = secrets.token_hex()
        self._one_at_a_time = threading.Lock()
        identity = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = identity.answer(self.path, self.headers.get("X-IDENTITY-HEADER"))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def answer(self, path: str, header: str | None) -> tuple[int, dict[str, str]]:
        """Status and body of a request."""
        query = parse_qs(urlsplit(path).query)
        with self._one_at_a_time:
            return self._answer(query, header)

    def _answer(
        self, query: dict[str, list[str]], header: str | None
    ) -> tuple[int, dict[str, str]]:
        if self.broken:
            return 500, {"error": "broken"}
        resource = query.pop("resource", [""])[0]
        wanted = {"api-version": ["2019-08-01"], "client_id": [CLIENT_ID]}
        if header != self._header or query != wanted or resource not in {DATABASE, TRANSLATOR}:
            return 400, {"error": "wrong", "query": str(query)}
        token = secrets.token_hex(_LENGTH // 2)
        if resource == DATABASE and self.constant and self.tokens:
            token = self.tokens[0]
        elif resource == DATABASE:
            self._accept(token)
            self.tokens.append(token)
        else:
            self.translator_tokens.append(token)
        return 200, {
            "access_token": token,
            "expires_on": str(int(time.time()) + self.lifetime),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        }

    def environment(self) -> dict[str, str]:
        """Environment variables for the app."""
        return {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}/msi/token",
            "IDENTITY_HEADER": self._header,
            "AZURE_CLIENT_ID": CLIENT_ID,
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
