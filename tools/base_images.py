"""Renew the digests of the base images of the apps, and of those that new sites begin with.

`make base` runs it.

Docker Hub is asked without an account, as its clients do: the registry refuses with the address of
a token (OCI distribution specification 1.1, WWW-Authenticate), and HEAD of a manifest answers with
Docker-Content-Digest; HEAD does not count as a pull (docs.docker.com, usage and limits of Docker
Hub, November 2026).
"""

import datetime as dt
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import httpx

REGISTRY: Final = "https://registry-1.docker.io"
INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
"""Media types of an image of several platforms."""
TIMEOUT: Final = 15.0  # seconds
TEMPLATES: Final = Path("frugal/commands/new")
"""Folder of the apps that `frugal new site` begins with."""

_BASE: Final = re.compile(
    r"(?P<comment>^# .*\n)?^ARG BASE=(?P<name>[^:@\s]+):(?P<tag>[^:@\s]+)@(?P<digest>sha256:\w+)$",
    re.MULTILINE,
)
_ARGUMENT: Final = re.compile(r"^ARG BASE=", re.MULTILINE)
_UNAUTHORIZED: Final = 401
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')


class RenewalError(Exception):
    """A digest cannot be read; the message has the reason."""


class Base(NamedTuple):
    """A base image as `ARG BASE` names it."""

    name: str
    tag: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


def renew(dockerfiles: Iterable[Path], *, registry: str = REGISTRY, today: dt.date) -> list[str]:
    """Write today's digests into the files and return a line about each of them.

    Files without `ARG BASE` are left out. No file is changed unless every digest is known. Raises
    RenewalError.
    """
    texts = {
        path: text
        for path in dockerfiles
        if _ARGUMENT.search(text := path.read_text(encoding="utf-8"))
    }
    bases = {path: _base(path, text) for path, text in texts.items()}
    with httpx.Client(base_url=registry, timeout=TIMEOUT, follow_redirects=True) as client:
        digests = {base: _ask(client, base) for base in sorted(set(bases.values()))}
    lines: list[str] = []
    for path, text in texts.items():
        base = bases[path]
        renewed = _renewed(text, base, digests[base], today)
        if renewed == text:
            lines.append(f"{path}: {base} is still {digests[base]}")
        else:
            path.write_text(renewed, encoding="utf-8")
            lines.append(f"{path}: {base} is now {digests[base]}")
    return lines


def _base(path: Path, text: str) -> Base:
    match = _BASE.search(text)
    if match is None or "." in match["name"].partition("/")[0]:
        raise RenewalError(
            f"{path} has no line `ARG BASE=NAME:TAG@sha256:…` with an image of Docker Hub."
        )
    return Base(match["name"], match["tag"])


def _renewed(text: str, base: Base, digest: str, today: dt.date) -> str:
    match = _BASE.search(text)
    if match is None or match["digest"] == digest:
        return text
    comment = f"# The index of all platforms that Docker Hub gave for {base.tag} on {today}.\n"
    return f"{text[: match.start()]}{comment}ARG BASE={base}@{digest}{text[match.end() :]}"


def _ask(client: httpx.Client, base: Base) -> str:
    repository = base.name if "/" in base.name else f"library/{base.name}"
    path = f"/v2/{repository}/manifests/{base.tag}"
    accept = {"Accept": ", ".join(INDEXES)}
    try:
        answer = client.head(path, headers=accept)
        if answer.status_code == _UNAUTHORIZED:
            token = _token(client, answer.headers.get("WWW-Authenticate", ""))
            answer = client.head(path, headers={**accept, "Authorization": f"Bearer {token}"})
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise RenewalError(
            f"{error.request.url.host} answered {error.response.status_code} for {base}."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise RenewalError(f"{client.base_url.host} was asked for {base}: {error}") from error
    digest = answer.headers.get("Docker-Content-Digest", "")
    kind = answer.headers.get("Content-Type", "")
    if kind not in INDEXES or not _DIGEST.fullmatch(digest):
        raise RenewalError(
            f"{client.base_url.host} gave no index of all platforms for {base},"
            f" but {kind or 'no type'} with {digest or 'no digest'}."
        )
    return digest


def _token(client: httpx.Client, challenge: str) -> str:
    """Return a token for a challenge (WWW-Authenticate). Raises KeyError and others on failure."""
    parameters = dict(_PARAMETER.findall(challenge))
    realm = parameters.pop("realm")
    answer = client.get(realm, params=parameters)
    answer.raise_for_status()
    return str(answer.json()["token"])


def main() -> None:
    """Renew the Dockerfiles of this checkout."""
    try:
        files = [*Path("apps").glob("*/Dockerfile"), *TEMPLATES.glob("*/Dockerfile")]
        lines = renew(sorted(files), today=dt.datetime.now(dt.UTC).date())
    except RenewalError as error:
        sys.exit(
            f"{error}\nNo Dockerfile was changed. This needs a network that reaches Docker Hub"
            " (HTTPS_PROXY is respected); then run `make base` again."
        )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
