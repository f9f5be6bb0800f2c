"""Images on this machine: a folder with the app's files and a virtual environment of its own."""

import asyncio
import contextlib
import json
import os
import platform
import secrets
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from frugal.cloud.images.context import Context
from frugal.cloud.images.dockerfile import BuildError, Copy, Recipe, Run, read

Log = Callable[[str], None]

# What the python images set, as far as it means anything here.
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_LAST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Image:
    """A built image.

    `folder` holds `root/` (what the image has under `/`) and `venv/`. `workdir`, `command` and the
    values of `environment` that name files of the image are paths on this machine. `environment`:
    PATH, LANG and the Dockerfile's ENV. `notes`: what of the Dockerfile is not as in a container.
    """

    digest: str
    folder: Path
    workdir: Path
    environment: Mapping[str, str]
    command: tuple[str, ...]
    port: int | None
    user: int | None
    notes: tuple[str, ...]

    def locate(self, word: str) -> str:
        """Return the path on this machine for a path in the image; any other word as it is."""
        if not word.startswith("/") or word == "/":
            return word
        inside = self.folder / "root" / word.lstrip("/")
        if inside.exists():
            return str(inside)
        program = self.folder / "venv" / "bin" / Path(word).name
        if str(Path(word).parent) in _SYSTEM_PATH.split(":") and program.exists():
            return str(program)
        return word


class Images:
    """All images of a cloud. One folder each, and a file that names it once it is whole.

    Nothing kept holds the path of `folder`, so that a checkout with its images may be moved.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is made if need be; what a killed build left in it is deleted."""
        self._folder = folder
        self._building: dict[str, asyncio.Lock] = {}
        folder.mkdir(parents=True, exist_ok=True)
        known = [self.get(index.stem) for index in folder.glob("*.json")]
        whole = {image.folder for image in known if image is not None}
        for left in folder.iterdir():
            if left.is_dir() and left not in whole:
                shutil.rmtree(left, ignore_errors=True)

    def get(self, digest: str) -> Image | None:
        """Return the image, if it is here and whole (its Python still runs)."""
        try:
            text = self._index(digest).read_text().replace(_HERE, _in_json(self._folder))
            data: dict[str, Any] = json.loads(text)
            image = Image(
                digest=digest,
                folder=Path(data["folder"]),
                workdir=Path(data["workdir"]),
                environment=data["environment"],
                command=tuple(data["command"]),
                port=data["port"],
                user=data["user"],
                notes=tuple(data["notes"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return image if os.access(_python(image.folder), os.X_OK) else None

    async def build(self, context: bytes, *, dockerfile: str, log: Log) -> Image:
        """Build an image from a tar.gz, or return the one that the same content gave before.

        `dockerfile`: its path in the context. `log` gets each line as it comes. Raises BuildError.
        """
        files = await asyncio.to_thread(Context.read, context)
        digest = await asyncio.to_thread(files.digest, dockerfile)
        async with self._building.setdefault(digest, asyncio.Lock()):
            ready = self.get(digest)
            if ready is not None:
                log(f"{digest[:19]} was built from the same content before: nothing to do.")
                return ready
            folder = self._folder / f"{_key(digest)[:_SHORT]}-{secrets.token_hex(4)}"
            try:
                image = await _build(files, dockerfile, digest, folder, log)
                self._keep(image)
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise BuildError(f"The image could not be written: {error}") from error
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            log(f"Built {digest[:19]}.")
            return image

    def _index(self, digest: str) -> Path:
        return self._folder / f"{_key(digest)}.json"

    def _keep(self, image: Image) -> None:
        index = self._index(image.digest)
        partial = index.with_suffix(".partial")
        text = json.dumps(asdict(image), default=str, indent=1)
        partial.write_text(text.replace(_in_json(self._folder), _HERE))
        partial.replace(index)


# Stands for the folder of all images in what is kept: JSON for the character that no path can hold.
_HERE = "\\u0000"


def _in_json(folder: Path) -> str:
    return json.dumps(str(folder))[1:-1]


_SHORT = 12


def _key(digest: str) -> str:
    key = digest.removeprefix("sha256:")
    return key if key.isalnum() else "none"


def _python(folder: Path) -> Path:
    return folder / "venv" / "bin" / "python"


async def _build(files: Context, dockerfile: str, digest: str, folder: Path, log: Log) -> Image:
    path = f"{folder / 'venv' / 'bin'}:{_SYSTEM_PATH}"
    recipe = read(files.text(dockerfile), inherited={"PATH": path, "LANG": "C.UTF-8"})
    root = folder / "root"
    root.mkdir(parents=True)
    await _make_venv(recipe, folder, log)
    for step in recipe.steps:
        if isinstance(step, Copy):
            log(f"COPY {' '.join(step.sources)} {step.target}")
            await asyncio.to_thread(files.copy, step, root)
        else:
            await _install(step, folder, log)
    workdir = root / recipe.workdir.lstrip("/")
    workdir.mkdir(parents=True, exist_ok=True)
    # Compiled now: an app under another user could not keep what it compiles.
    await _run((str(_python(folder)), "-m", "compileall", "-q", str(root)), cwd=folder, log=_silent)
    return _described(recipe, digest, folder, path, log)


def _described(recipe: Recipe, digest: str, folder: Path, path: str, log: Log) -> Image:
    """Describe the image that stands in `folder`, with its own paths in place of a container's."""
    image = Image(
        digest=digest,
        folder=folder,
        workdir=folder / "root" / recipe.workdir.lstrip("/"),
        environment={"PATH": path, "LANG": "C.UTF-8"},
        command=(),
        port=recipe.port,
        user=recipe.user,
        notes=(),
    )
    notes = list(recipe.notes)
    environment = dict(image.environment)
    for name, value in recipe.environment.items():
        environment[name] = ":".join(map(image.locate, value.split(":")))
        if environment[name] != value:
            notes.append(f"ENV {name}={value}: is {environment[name]} here.")
    if not environment["PATH"].startswith(str(folder)):
        environment["PATH"] = f"{folder / 'venv' / 'bin'}:{environment['PATH']}"
    for note in notes:
        log(f"Note: {note}")
    return replace(
        image,
        environment=environment,
        command=tuple(map(image.locate, recipe.command)),
        notes=tuple(notes),
    )


async def _make_venv(recipe: Recipe, folder: Path, log: Log) -> None:
    log(f"FROM {recipe.base}")
    python = sys.executable
    own = ".".join(platform.python_version_tuple()[:2])
    runs_on = f"this machine's system and Python {platform.python_version()}"
    if recipe.python not in {None, own}:
        found = await _find_python(str(recipe.python), folder)
        if found is None:
            runs_on += f", as there is no Python {recipe.python}"
        else:
            python, runs_on = found, f"this machine's system and its Python {recipe.python}"
    recipe.notes.insert(0, f"FROM {recipe.base}: runs on {runs_on}.")
    await _uv(
        ("venv", "--quiet", "--no-project", "--relocatable", "--python", python, "venv"),
        cwd=folder,
        log=log,
    )


async def _install(step: Run, folder: Path, log: Log) -> None:
    place = folder / "root" / step.workdir.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    operation, words = step.install.operation, step.install.words
    log(f"RUN uv pip {operation} {' '.join(words)}")
    options = ("--compile-bytecode", "--python", str(_python(folder)))
    await _uv(("pip", operation, *options, *words), cwd=place, log=log)


async def _find_python(version: str, cwd: Path) -> str | None:
    lines: list[str] = []
    options = ("--system", "--no-project", "--no-python-downloads")
    try:
        await _uv(("python", "find", *options, version), cwd=cwd, log=lines.append)
    except BuildError:
        return None
    return lines[-1].strip() if lines else None


async def _uv(words: tuple[str, ...], *, cwd: Path, log: Log) -> None:
    status, last = await _run((_find_uv(), *words), cwd=cwd, log=log)
    if status != 0:
        raise BuildError(f"`uv {' '.join(words)}` failed:\n" + "\n".join(last))


def _find_uv() -> str:
    """Return the uv to use: FRUGAL_UV, else the one set up in this checkout, else PATH's."""
    checkout = Path(__file__).parents[3]
    own = checkout / ".frugal" / "uv" / "bin" / "uv"
    uv = os.environ.get("FRUGAL_UV") or (str(own) if own.exists() else shutil.which("uv"))
    if uv is None:
        message = "There is no uv to install the app's dependencies: `make up` sets it up."
        raise BuildError(message)
    return uv


async def _run(words: tuple[str, ...], *, cwd: Path, log: Log) -> tuple[int, list[str]]:
    """Run a tool of ours (its environment is the daemon's own) and give its lines to `log`."""
    environment = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    environment["UV_SYSTEM_CERTS"] = "true"  # as the Makefile has it
    process = await asyncio.create_subprocess_exec(
        *words, cwd=cwd, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        if process.stdout is not None:
            async for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                last.append(line)
                log(line)
        return await process.wait(), list(last)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _silent(_line: str) -> None:
    pass
