"""Commands that start a web server: the address that they bind, and the same with another one.

Options and variables of gunicorn 27, uvicorn 0.54, Flask 3.1 and fastapi-cli 0.0.34, read in
November 2026. In each of them a flag has precedence over variables and files.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, NamedTuple

from frugal.cloud.images.dockerfile import expand

Part = Literal["host", "port", "address"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """Flags and variables that set a server's address, and the one that it has without them.

    `address` is HOST:PORT in one value.
    """

    flags: Mapping[str, Part]
    variables: Mapping[str, Part]
    host: str = "127.0.0.1"
    port: int = 8000

    def binding(self, host: str, port: int) -> list[str]:
        """Flags that bind an address."""
        values = {"host": host, "port": str(port), "address": f"{host}:{port}"}
        return [word for name, part in self._long() for word in (name, values[part])]

    def _long(self) -> list[tuple[str, Part]]:
        return [(name, part) for name, part in self.flags.items() if name.startswith("--")]


_HOST_AND_PORT: Mapping[str, Part] = {"--host": "host", "--port": "port"}
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - read from commands of containers

SERVERS: Mapping[tuple[str, str], Server] = {
    # Where PORT is set, its host is every address.
    ("gunicorn", ""): Server(
        flags={"-b": "address", "--bind": "address"},
        variables={"PORT": "port"},
        host=_EVERY_ADDRESS,
    ),
    ("uvicorn", ""): Server(
        flags=_HOST_AND_PORT, variables={"UVICORN_HOST": "host", "UVICORN_PORT": "port"}
    ),
    ("flask", "run"): Server(
        flags={"-h": "host", "-p": "port", **_HOST_AND_PORT},
        variables={"FLASK_RUN_HOST": "host", "FLASK_RUN_PORT": "port"},
        port=5000,
    ),
    ("fastapi", "run"): Server(
        flags=_HOST_AND_PORT, variables={"PORT": "port"}, host=_EVERY_ADDRESS
    ),
    ("fastapi", "dev"): Server(flags=_HOST_AND_PORT, variables={"PORT": "port"}),
}
"""Servers by program and subcommand."""


class Address(NamedTuple):
    """Address that a command binds; `is_given` is false for a port that is the server's own."""

    host: str
    port: int
    is_given: bool

    @property
    def is_loopback(self) -> bool:
        """True where no other machine, and on Azure no ingress, can connect."""
        return self.host == "localhost" or self.host.startswith(("127.", "::1", "[::1"))


def rebind(command: Sequence[str], host: str, port: int) -> tuple[str, ...]:
    """Return a command with the address of its server replaced; as it is without a known server."""
    words = tuple(command)
    if not _is_shell(words):
        if found := _find(words):
            kept = [word for i, word in enumerate(words) if i not in found.binding]
            at = found.at + 1
            words = (*kept[:at], *found.server.binding(host, port), *kept[at:])
        return words
    script = words[2]
    # From its end, so that the positions before it stay.
    for segment in reversed(list(_segments(script))):
        if found := _find([word.value for word in segment]):
            for index in sorted(found.binding, reverse=True):
                script = script[: segment[index].start] + script[segment[index].end :]
            at, flags = segment[found.at].end, found.server.binding(host, port)
            script = f"{script[:at]} {shlex.join(flags)}{script[at:]}"
    return (*words[:2], script)


def address(command: Sequence[str], environment: Mapping[str, str]) -> Address | None:
    """Address that a command binds in a container; None without a known server."""
    words = tuple(command)
    segments = (
        [[word.value for word in segment] for segment in _segments(words[2])]
        if _is_shell(words)
        else [list(words)]
    )
    for found in filter(None, map(_find, segments)):
        server = found.server
        values = {
            part: environment[name]
            for name, part in server.variables.items()
            if environment.get(name)
        }
        values |= {part: expand(value, environment) for part, value in found.given.items()}
        if "address" in values:
            values["host"], colon, values["port"] = values["address"].rpartition(":")
            if not colon:
                values["host"], values["port"] = values["port"], ""
            values["host"] = values["host"] or _EVERY_ADDRESS
        port = values.get("port", "")
        return Address(
            host=values.get("host", server.host),
            port=int(port) if port.isdecimal() else server.port,
            is_given=port.isdecimal(),
        )
    return None


_PYTHON = re.compile(r"python[\d.]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SHELLS = {"sh", "bash", "dash", "ash"}


class _Found(NamedTuple):
    """A server in a list of words.

    `at`: index of the last word before its own flags; `binding`: indices of the words that bind;
    `given`: the values that these give.
    """

    server: Server
    at: int
    binding: set[int]
    given: dict[Part, str]


def _find(words: Sequence[str]) -> _Found | None:
    """Find the server that a simple command starts."""
    at = 0
    while at < len(words) and (words[at] == "exec" or _ASSIGNMENT.match(words[at])):
        at += 1
    if at < len(words) and _PYTHON.fullmatch(PurePath(words[at]).name):
        at += 1
        while at < len(words) and words[at].startswith("-") and words[at] != "-m":
            at += 1
        at = at + 1 if "-m" in words[at : at + 1] else len(words)
    program = PurePath(words[at]).name if at < len(words) else ""
    for (name, subcommand), server in SERVERS.items():
        if name == program and (not subcommand or subcommand in words[at + 1 :]):
            if subcommand:
                # The last one: `flask --app run run` has an app of that name.
                at = len(words) - 1 - list(reversed(words)).index(subcommand)
            return _Found(server, at, *_flags(server, words, at + 1))
    return None


def _flags(server: Server, words: Sequence[str], start: int) -> tuple[set[int], dict[Part, str]]:
    """Indices of a server's flags and their values from `start` on, and the values."""
    indices: set[int] = set()
    given: dict[Part, str] = {}
    for index in range(start, len(words)):
        word = words[index]
        if index in indices:
            continue
        long, _, value = word.partition("=")
        if word in server.flags:
            following = index + 1 < len(words)
            indices |= {index, index + 1} if following else {index}
            given[server.flags[word]] = words[index + 1] if following else ""
        elif word.startswith("--") and long in server.flags:
            indices.add(index)
            given[server.flags[long]] = value
        elif not word.startswith("--") and word[:2] in server.flags:
            indices.add(index)
            given[server.flags[word[:2]]] = word[2:]
    return indices, given


def _is_shell(words: Sequence[str]) -> bool:
    """True for `sh -c SCRIPT`, which the shell form of CMD is too."""
    return len(words) == 3 and PurePath(words[0]).name in _SHELLS and words[1] == "-c"  # noqa: PLR2004


class _Word(NamedTuple):
    """A word of a script, unquoted, and its place there."""

    value: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""(?P<word>(?:\\.|'[^']*'|"(?:[^"\\]|\\.)*"|\$\([^()]*\)|`[^`]*`|[^\s'"\\;&|<>()`])+)"""
    r"|(?P<operator>[;&|<>()\n])",
    re.DOTALL,
)


def _segments(script: str) -> Iterator[list[_Word]]:
    """Simple commands of a script: its words between operators."""
    segment: list[_Word] = []
    for match in _TOKEN.finditer(script.replace("\\\n", "  ")):
        if match["operator"]:
            yield segment
            segment = []
        else:
            value = re.sub(r"""\\(.)|['"]""", r"\1", match["word"])
            segment.append(_Word(value, match.start(), match.end()))
    yield segment
