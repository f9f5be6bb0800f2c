"""An Azure AI Translator for the tests, on good days and bad ones."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Asked:
    """A request: what it wants translated, between which languages, and with which token."""

    text: str
    source: str
    target: str
    token: str


@dataclass(frozen=True)
class Answer:
    """Status, body and headers; `after` that many seconds."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict[str, str])
    after: float = 0


def good(asked: Asked, **headers: str) -> Answer:
    """`fr:hello` for `hello`, and `en:hello` for that."""
    text = f"{asked.target}:{asked.text.rpartition(':')[2]}"
    return Answer(200, [{"translations": [{"text": text, "to": asked.target}]}], headers)


def error(status: int, code: int, **headers: str) -> Answer:
    """An error as the service words it."""
    return Answer(status, {"error": {"code": code, "message": "no"}}, headers)


class Translator:
    """Answers each request by `behave`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.behave: Callable[[Asked], Answer] = good
        translator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the body waits 40 ms for the receipt of the headers.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked = Asked(
                    text=body[0]["Text"],
                    source=query["from"][0],
                    target=query["to"][0],
                    token=self.headers["Authorization"].removeprefix("Bearer "),
                )
                translator.asked.append(asked)
                answer = translator.behave(asked)
                if path != "/translator/text/v3.0/translate" or query["api-version"] != ["3.0"]:
                    answer = error(404, 404000)
                self.answer(answer)

            def answer(self, answer: Answer) -> None:
                time.sleep(answer.after)
                body = answer.body
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def environment(self) -> dict[str, str]:
        """Environment variables for the app."""
        return {
            "TRANSLATOR_PROVIDER": "azure",
            "TRANSLATOR_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
