"""Parser of Dockerfiles: the steps that can be carried out here, and the names of the rest."""

import io
import json
import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dockerfile_parse import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    DockerfileParser,
)
from dockerfile_parse.util import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    extract_key_values,  # pyright: ignore[reportUnknownVariableType] - it has no types
)

from frugal.cloud.images.pip_command import read_install


class BuildError(Exception):
    """An image that cannot be built; str() says why and what would help."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """COPY: `sources` are paths or patterns in the context, `target` an absolute image path.

    `target` ends with a slash when it names a folder to copy into.
    """

    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """An installation, `words` after `uv pip`, run in the image folder `workdir`."""

    words: tuple[str, ...]
    workdir: str


@dataclass(kw_only=True)
class Recipe:
    """A Dockerfile as read. Paths are the image's own, absolute; `notes` name what is left out."""

    base: str = ""
    python: str | None = None
    steps: list[Copy | Run] = field(default_factory=list["Copy | Run"])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list[str])
    arguments: list[str] = field(default_factory=list[str])
    user: int | None = None
    exposed: list[int] = field(default_factory=list[int])
    notes: list[str] = field(default_factory=list[str])

    @property
    def command(self) -> tuple[str, ...]:
        """ENTRYPOINT followed by CMD; empty when the Dockerfile has neither."""
        if self.entrypoint[:2] == _SHELL and self.entrypoint[2:]:
            return tuple(self.entrypoint)
        return (*self.entrypoint, *self.arguments)


_SHELL = ["/bin/sh", "-c"]
# The builder does it to every image.
_COMPILE = ["python", "-m", "compileall"]

# Without an effect here or on Azure.
_SILENT = {"COMMENT", "LABEL", "MAINTAINER"}
_NAMED = {
    "HEALTHCHECK": "the probes of the declared resource are what is run",
    "VOLUME": "there are no volumes",
    "STOPSIGNAL": "SIGTERM is sent",
    "SHELL": "/bin/sh is used",
    "ONBUILD": "no other image is built from this one",
}


def read(text: str, *, inherited: Mapping[str, str]) -> Recipe:
    """Read a Dockerfile of one stage. `inherited`: the variables that its base image has set.

    Raises BuildError for what cannot be understood or would build another image than meant.
    """
    reader = _Reader(inherited)
    parser = DockerfileParser(
        fileobj=io.BytesIO(text.encode())  # pyright: ignore[reportArgumentType] - bytes, it says
    )
    items = cast("list[dict[str, Any]]", parser.structure)
    stages = [item for item in items if item["instruction"] == "FROM"]
    if len(stages) > 1:
        raise BuildError(
            f"Dockerfile line {stages[1]['startline'] + 1}: FROM {_short(stages[1]['value'])}: a "
            "Dockerfile of several stages is not supported here. Write it as one stage (the "
            "dependency layer before the source); what another stage would make, make before the "
            "build and COPY it."
        )
    for item in items:
        reader.take(item["instruction"], item["value"], item["startline"] + 1)
    if not reader.recipe.base:
        message = "The Dockerfile has no FROM."
        raise BuildError(message)
    return reader.recipe


class _Reader:
    def __init__(self, inherited: Mapping[str, str]) -> None:
        self.recipe = Recipe()
        self._arguments: dict[str, str] = {}
        self._before_from: dict[str, str] = {}
        self._variables = dict(inherited)

    def take(self, instruction: str, value: str, line: int) -> None:
        """Add one instruction to the recipe."""
        where = f"Dockerfile line {line}: {instruction}"
        if instruction in _SILENT:
            return
        if "<<" in value and instruction in {"RUN", "COPY", "ADD"}:
            raise BuildError(
                f"{where} uses a here-document, which is not supported: {_short(value)}"
            )
        if not self.recipe.base and instruction not in {"ARG", "FROM"}:
            raise BuildError(f"{where} comes before FROM.")
        if instruction in _NAMED:
            self._note(where, value, _NAMED[instruction])
            return
        known = {
            "ARG": self._argument,
            "FROM": self._from,
            "ENV": self._environment,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "ADD": self._copy,
            "RUN": self._run,
            "CMD": self._cmd,
            "ENTRYPOINT": self._entrypoint,
            "USER": self._user,
            "EXPOSE": self._expose,
        }
        if instruction not in known:
            raise BuildError(f"{where} is not a known Dockerfile instruction.")
        try:
            known[instruction](value, where)
        except ValueError as error:  # of shlex: an unterminated quotation
            raise BuildError(f"{where} can't be parsed ({error}): {_short(value)}") from error

    def _note(self, where: str, value: str, why: str) -> None:
        self.recipe.notes.append(f"{where} {_short(value)}: not carried out ({why}).")

    @property
    def _known(self) -> dict[str, str]:
        return {**self._arguments, **self._variables}

    def _substituted(self, value: str) -> str:
        return expand(value, self._known)

    def _path(self, path: str) -> str:
        slash = "/" if path.endswith(("/", "/.")) or path == "." else ""
        path = posixpath.normpath(posixpath.join("/", self.recipe.workdir, path))
        return (path.rstrip("/") + slash) or "/"

    def _environment(self, value: str, _where: str) -> None:
        found: Any = extract_key_values(
            env_replace=True,
            args=self._arguments,
            envs=self._variables,
            instruction_value=_with_defaults(value, self._known),
        )
        pairs = dict(cast("list[tuple[str, str]]", found))
        self.recipe.environment.update(pairs)
        self._variables.update(pairs)

    def _workdir(self, value: str, _where: str) -> None:
        self.recipe.workdir = self._path(self._substituted(value.strip())).rstrip("/") or "/"

    def _cmd(self, value: str, _where: str) -> None:
        self.recipe.arguments = _command(value)

    def _entrypoint(self, value: str, _where: str) -> None:
        self.recipe.entrypoint = _command(value)

    def _argument(self, value: str, _where: str) -> None:
        for word in shlex.split(self._substituted(value)):
            name, given, default = word.partition("=")
            if not self.recipe.base and given:
                self._before_from[name] = default
            if given or name in self._before_from:
                self._arguments[name] = default if given else self._before_from[name]

    def _from(self, value: str, where: str) -> None:
        words = [word for word in self._substituted(value).split() if not word.startswith("--")]
        if not words:
            raise BuildError(f"{where} names no image: {_short(value)}")
        self.recipe.base = words[0]
        match = _PYTHON_IMAGE.search(words[0])
        self.recipe.python = match[1] if match else None
        self._arguments.clear()

    def _copy(self, value: str, where: str) -> None:
        options, text = _split_options(self._substituted(value))
        if any(option.startswith("--from=") for option in options):
            self._note(where, value, "it takes files from another image")
            return
        for option in options:
            if not option.startswith(("--link", "--chown")):
                self._note(where, option, "the option is not supported here")
        words = _json_words(text) or shlex.split(text)
        *sources, target = words if len(words) > 1 else ["", ""]
        if not sources or not target:
            raise BuildError(f"{where} needs sources and a target: {_short(value)}")
        if any("://" in source for source in sources):
            self._note(where, value, "builds download no files")
            return
        self.recipe.steps.append(Copy(sources=tuple(sources), target=self._path(target)))

    def _run(self, value: str, where: str) -> None:
        options, text = _split_options(value)
        for option in options:
            self._mount(self._substituted(option))
        words = _json_words(text)
        commands = [words] if words else _shell_commands(self._substituted(text))
        for command in commands:
            if list(command[:3]) == _COMPILE:
                continue
            install = read_install(command)
            if install is None:
                self._note(where, shlex.join(command), "only pip installations are")
            else:
                self.recipe.steps.append(Run(words=install, workdir=self.recipe.workdir))

    def _mount(self, option: str) -> None:
        """Copy what `--mount=type=bind,source=…,target=…` shows of the context; it stays there."""
        parts = (part.partition("=") for part in option.partition("=")[2].split(","))
        given = {name: value for name, _, value in parts}
        source = given.get("source") or given.get("src")
        target = given.get("target") or given.get("dst") or given.get("destination")
        if given.get("type", "bind") == "bind" and source and target and "from" not in given:
            self.recipe.steps.append(Copy(sources=(source,), target=self._path(target)))

    def _expose(self, value: str, _where: str) -> None:
        """Note TCP ports. They have no effect here or on Azure, where a resource declares them."""
        ports = re.findall(r"(?<!\S)(\d+)(?:/tcp)?(?!\S)", self._substituted(value))
        self.recipe.exposed += map(int, ports)

    def _user(self, value: str, where: str) -> None:
        user, _, group = self._substituted(value.strip()).partition(":")
        user = "0" if user == "root" else user
        if not user.isdigit():
            self._note(where, value, "user names are not supported: give the numeric id")
            return
        self.recipe.user = int(user)
        if group not in {"", user}:
            self._note(where, f":{group}", f"the group is always {user} here")


_PYTHON_IMAGE = re.compile(r"(?:^|/)python:(\d+\.\d+)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_DEFAULTED = re.compile(r"\$\{(\w+):([-+])([^}]*)\}")
_OPTION = re.compile(r"(--[a-z-]+(?:=\S+)?)\s+")


def expand(value: str, known: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`; unknown is empty."""
    text = _with_defaults(value, known)
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), text)


def _with_defaults(value: str, known: Mapping[str, str]) -> str:
    """Resolve `${NAME:-default}` and `${NAME:+other}`, which dockerfile-parse 2.0 does not know."""

    def resolve(match: re.Match[str]) -> str:
        present = known.get(match[1], "")
        if match[2] == "-":
            return present or match[3]
        return match[3] if present else ""

    return _DEFAULTED.sub(resolve, value)


def _split_options(value: str) -> tuple[list[str], str]:
    """Return the options that an instruction begins with, and the rest."""
    options: list[str] = []
    rest = value.lstrip()
    while match := _OPTION.match(rest):
        options.append(match[1])
        rest = rest[match.end() :]
    return options, rest


def _json_words(value: str) -> list[str] | None:
    """Return the words of the exec form; None when it is not in that form."""
    try:
        words: object = json.loads(value)
    except ValueError:
        return None
    return [str(word) for word in cast("list[object]", words)] if isinstance(words, list) else None


def _command(value: str) -> list[str]:
    words = _json_words(value)
    return [*_SHELL, value.strip()] if words is None else words


def _shell_commands(text: str) -> list[Sequence[str]]:
    """Split a line of shell at its `&&` and `;`, each command into words."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    commands: list[list[str]] = [[]]
    try:
        words = list(lexer)
    except ValueError:
        return [[text]]
    for word in words:
        if word in {"&&", ";"}:
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def _short(value: str) -> str:
    text = " ".join(value.split())
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004 - a line's length
