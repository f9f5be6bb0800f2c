"""Static files under names that change with their content, cacheable for a year."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of the package's `static` folder, held in memory: all of them are a few kilobytes."""

    content: bytes
    media_type: str
    fingerprint: str


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    return Asset(
        content=content,
        media_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
    )


ASSETS: Final[Mapping[str, Asset]] = {
    file.name: _asset(file) for file in Path(__file__).with_name("static").iterdir()
}


def url(name: str) -> str:
    """The path of a static file; KeyError if the package has no such file."""
    return f"/assets/{ASSETS[name].fingerprint}/{name}"
