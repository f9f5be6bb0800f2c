"""The app that the process tests run: standard library alone, steered by its environment."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if os.environ.get("BROKEN"):
    sys.exit("deliberately broken: " + os.environ["BROKEN"])

released = threading.Event()
state = {"ready": not os.environ.get("NEVER_READY"), "alive": True}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/hold":
            self.hold()
        if path in {"/unready", "/sick"}:
            state["ready" if path == "/unready" else "alive"] = False
        if path == "/stream":
            self.stream()
            return
        healthy = {"/healthz": state["alive"], "/readyz": state["ready"]}.get(path, True)
        self.answer(200 if healthy else 500, b"")
        # Afterwards: a replica that has nothing more to do may be stopped.
        if path == "/release":
            released.set()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hold":
            self.hold()
        self.answer(201, body)

    def hold(self) -> None:
        print("holding", self.command, flush=True)
        released.wait()

    def answer(self, status: int, body: bytes) -> None:
        seen = {
            "pid": os.getpid(),
            "uid": os.getuid(),
            "path": self.path,
            "headers": self.headers.items(),
            "environment": dict(os.environ),
            "body": body.decode(),
        }
        content = json.dumps(seen).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def stream(self) -> None:
        """One event, then another once /release was called; the log says if the client left."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(b"data: first\n\n")
            released.wait()
            while self.path.endswith("?endless"):
                self.wfile.write(b"data: more\n\n")
            self.wfile.write(b"data: second\n\n")
        except OSError:
            sys.stderr.write("the reader left\n")
        self.close_connection = True

    def log_request(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


print("version", os.environ.get("VERSION"), flush=True)
Server((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
