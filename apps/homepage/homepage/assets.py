"""Static files under names that change with their content, cacheable for a year."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from flask import Blueprint, Response, abort, url_for

from homepage import headers

bp = Blueprint("assets", __name__)

_BRIEFLY: Final = "public, max-age=60"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of the package's `static` folder, held in memory: all of them are a few kilobytes."""

    content: bytes
    media_type: str
    fingerprint: str


def _load() -> Mapping[str, Asset]:
    files = (resources.files("homepage") / "static").iterdir()
    return {file.name: _asset(file.name, file.read_bytes()) for file in files if file.is_file()}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        content=content,
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
    )


_ASSETS: Final = _load()


@bp.get("/assets/<fingerprint>/<name>")
def asset(fingerprint: str, name: str) -> Response:
    """The file, for a year if the fingerprint is its own.

    During a deploy a page and its assets may come from two versions of the site. Then the file
    that is here is better than none, but only for a minute.
    """
    found = _ASSETS.get(name)
    if found is None:
        abort(404)
    response = Response(found.content, mimetype=found.media_type)
    current = fingerprint == found.fingerprint
    response.headers["Cache-Control"] = headers.IMMUTABLE if current else _BRIEFLY
    return response


def get(name: str) -> Asset:
    """A static file; KeyError if the package has no such file."""
    return _ASSETS[name]


def names() -> list[str]:
    """The static files, for whoever copies them."""
    return sorted(_ASSETS)


@bp.app_template_global()
def asset_url(name: str) -> str:
    """The path of a static file, for templates; KeyError if the package has no such file."""
    return url_for("assets.asset", fingerprint=_ASSETS[name].fingerprint, name=name)
