"""The application factory."""

import logging
import time
from typing import Final

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from homepage import assets, headers, health, logs, pages
from homepage.settings import Settings

_log: Final = logging.getLogger("homepage.request")


def create_app(settings: Settings | None = None) -> Flask:
    """The homepage as a WSGI application; without settings it reads the environment."""
    settings = settings or Settings()
    app = Flask("homepage", static_folder=None)
    app.config["PUBLIC_URL"] = settings.public_url
    app.config["HTTPS"] = settings.public_url.startswith("https://")
    # One proxy in front, always: the platform's ingress. Addresses of our own come from PUBLIC_URL,
    # so no forwarded host is believed.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)

    app.register_blueprint(health.bp)
    app.register_blueprint(assets.bp)
    app.register_blueprint(pages.bp)
    pages.register(app)

    # Flask runs these last to first: the log line sees the response as it goes out.
    app.before_request(_begin)
    app.teardown_request(_end)
    app.after_request(_log_request)
    app.after_request(headers.finish)
    return app


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = logs.request_id.set(logs.new_request_id(request.headers.get("X-Request-ID")))


def _end(_error: BaseException | None) -> None:
    if "request_id" in g:
        logs.request_id.reset(g.request_id)


def _log_request(response: Response) -> Response:
    # Probes come every few seconds, and a log is paid by the gigabyte.
    level = logging.DEBUG if request.endpoint == "health.healthz" else logging.INFO
    fields = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.started) * 1000, 1),
        "client": request.remote_addr,
    }
    _log.log(level, "request", extra={"fields": fields})
    return response
