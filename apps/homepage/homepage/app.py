"""The application factory."""

import logging
import time
from typing import Final

from apiflask import APIFlask
from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from homepage import (
    assets,
    auth,
    blog,
    charts,
    export,
    front_door,
    headers,
    health,
    hosts,
    logs,
    pages,
    sheet,
    telemetry,
)
from homepage.settings import Settings, is_loopback, load

_log: Final = logging.getLogger("homepage.request")
_ONE_PROXY: Final = 1


def create_app(settings: Settings | None = None) -> Flask:
    """The homepage as a WSGI application; without settings it reads the environment."""
    settings = settings or load()
    app = APIFlask(
        "homepage",
        title="Charts of the homepage",
        version="1",
        docs_path=None,
        json_errors=False,
        static_folder=None,  # pyright: ignore[reportArgumentType]  # as Flask takes it
    )
    # Merging slashes would redirect to the host that the request names.
    app.url_map.merge_slashes = False
    app.config["PUBLIC_URL"] = settings.public_url
    app.config["HTTPS"] = settings.public_url.startswith("https://")
    app.config["HSTS"] = app.config["HTTPS"] and not is_loopback(settings.public_url)
    app.config["FILES"] = False
    app.config["KEEP_CHART"] = None
    # One proxy in front, always: the platform's ingress. Addresses of our own come from PUBLIC_URL,
    # so no forwarded host is trusted.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=_ONE_PROXY, x_proto=_ONE_PROXY)

    # Flask runs these last to first: the log line sees the response as it goes out.
    app.before_request(_begin)
    app.teardown_request(_end)
    app.after_request(_log_request)
    app.after_request(headers.finish)

    # Before the lock: who comes to a locked origin by its name is sent to the public address.
    hosts.register(app, settings.other_hosts)
    front_door.register(app, settings.front_door_id)
    app.register_blueprint(health.bp)
    app.register_blueprint(assets.bp)
    sheet.register(app, settings)
    blog.register(app, settings)
    charts.register(app)
    auth.register(app, settings)
    pages.register(app)
    app.cli.add_command(export.command)
    telemetry.register(app)
    return app


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = logs.request_id.set(logs.new_request_id())


def _end(_error: BaseException | None) -> None:
    if "request_id" in g:
        logs.request_id.reset(g.request_id)


def _log_request(response: Response) -> Response:
    # Probes come every few seconds, and a log is paid by the gigabyte.
    level = logging.DEBUG if request.blueprint == health.bp.name else logging.INFO
    fields = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.started) * 1000, 1),
        "client": request.remote_addr,
    }
    _log.log(level, "request", extra={"fields": fields})
    return response
