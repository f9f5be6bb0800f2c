"""Build of a Dockerfile in a folder: virtual environment, copies, installations."""

import asyncio
import hashlib
import os
import platform
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from frugal.cloud.images.context import Context
from frugal.cloud.images.dockerfile import BuildError, Copy, Recipe, Run, read
from frugal.cloud.images.image import SYSTEM_PATH, Image
from frugal.cloud.spawn import Reaper, printing

Log = Callable[[str], None]

_LAST_LINES = 20
# The file in an image's folder with the digest of its packages.
_PACKAGES = "packages"


class Builder:
    """Builds one image from `files` in `folder`, which it makes; `log` gets each line as it comes.

    `earlier`: folders of whole images, whose packages it takes where they are the same.
    Its child processes end with the build, and with this process.
    """

    def __init__(
        self, files: Context, folder: Path, *, earlier: Iterable[Path], reaper: Reaper, log: Log
    ) -> None:
        self._files = files
        self._folder = folder
        self._earlier = earlier
        self._root = folder / "root"
        self._programs = folder / "venv" / "bin"
        self._path = f"{self._programs}:{SYSTEM_PATH}"
        self._reaper = reaper
        self._log = log

    async def build(self, dockerfile: str, digest: str) -> Image:
        """Carry out the Dockerfile at this path of the context. Raises BuildError and OSError."""
        inherited = {"PATH": self._path, "LANG": "C.UTF-8"}
        recipe = read(self._files.text(dockerfile), inherited=inherited)
        self._root.mkdir(parents=True)
        python = await self._choose_python(recipe)
        packages = self._digest_of_packages(recipe, python)
        same = self._earlier_with(packages)
        if same is not None:
            self._log("The packages of an earlier image are the same: they are taken from there.")
            venv = self._folder / "venv"
            await asyncio.to_thread(
                shutil.copytree, same / "venv", venv, symlinks=True, copy_function=_link
            )
        else:
            await self._make_venv(python)
        for step in recipe.steps:
            if isinstance(step, Copy):
                self._log(f"COPY {' '.join(step.sources)} {step.target}")
                await asyncio.to_thread(self._files.copy, step, self._root)
            elif same is None:
                await self._install(step)
        if packages is not None:
            (self._folder / _PACKAGES).write_text(packages)
        self._place(recipe.workdir).mkdir(parents=True, exist_ok=True)
        # Compiled now: an app under another user could not keep what it compiles. A file that
        # can't be compiled is the app's business.
        compiling = (str(self._programs / "python"), "-m", "compileall", "-q", str(self._root))
        await self._run(compiling, cwd=self._folder, log=lambda _line: None)
        return self._described(recipe, digest)

    def _place(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _described(self, recipe: Recipe, digest: str) -> Image:
        """Describe what was built, with its own paths in place of a container's."""
        image = Image(
            digest=digest,
            folder=self._folder,
            workdir=self._place(recipe.workdir),
            environment={"PATH": self._path, "LANG": "C.UTF-8"},
            command=(),
            user=recipe.user,
            notes=(),
        )
        notes = list(recipe.notes)
        environment = dict(image.environment)
        for name, value in recipe.environment.items():
            environment[name] = ":".join(map(image.locate, value.split(":")))
            if environment[name] != value:
                notes.append(f"ENV {name}={value}: is {environment[name]} here.")
        if not environment["PATH"].startswith(str(self._folder)):
            environment["PATH"] = f"{self._programs}:{environment['PATH']}"
        for note in notes:
            self._log(f"Note: {note}")
        return replace(
            image,
            environment=environment,
            command=tuple(map(image.locate, recipe.command)),
            notes=tuple(notes),
        )

    async def _choose_python(self, recipe: Recipe) -> str:
        self._log(f"FROM {recipe.base}")
        python = sys.executable
        own = ".".join(platform.python_version_tuple()[:2])
        runs_on = f"this machine's system and Python {platform.python_version()}"
        if recipe.python not in {None, own}:
            found = await self._find_python(str(recipe.python))
            if found is None:
                runs_on += f", as there is no Python {recipe.python}"
            else:
                python, runs_on = found, f"this machine's system and its Python {recipe.python}"
        recipe.notes.insert(0, f"FROM {recipe.base}: runs on {runs_on}.")
        return python

    def _digest_of_packages(self, recipe: Recipe, python: str) -> str | None:
        """The digest of all that decides which packages the image has.

        None unless every installation requires hashes: else it may find other packages the next
        time, or install from the image's own folder.
        """
        installing = [n for n, step in enumerate(recipe.steps) if isinstance(step, Run)]
        steps = recipe.steps[: installing[-1] + 1] if installing else []
        if not all("--require-hashes" in s.words for s in steps if isinstance(s, Run)):
            return None
        whole = hashlib.sha256(f"{python}\n{recipe.notes[0]}\n{steps}\n".encode())
        for step in steps:
            if isinstance(step, Copy):
                whole.update(self._files.listing(step).encode())
        return whole.hexdigest()

    def _earlier_with(self, packages: str | None) -> Path | None:
        """The folder of an earlier image that has these packages."""
        for folder in self._earlier if packages else ():
            file = folder / _PACKAGES
            if file.exists() and file.read_text() == packages:
                return folder
        return None

    async def _make_venv(self, python: str) -> None:
        await self._uv(
            ("venv", "--quiet", "--no-project", "--relocatable", "--python", python, "venv"),
            cwd=self._folder,
            log=self._log,
        )

    async def _install(self, step: Run) -> None:
        place = self._place(step.workdir)
        place.mkdir(parents=True, exist_ok=True)
        self._log(f"RUN uv pip {' '.join(step.words)}")
        options = ("--compile-bytecode", "--python", str(self._programs / "python"))
        words = map(self._with_path_here, step.words)
        await self._uv(("pip", *words, *options), cwd=place, log=self._log)

    def _with_path_here(self, word: str) -> str:
        """A word with the path of an existing file of the image, such as `-r /code/a.txt` has."""
        option, equals, path = word.rpartition("=") if word.startswith("--") else ("", "", word)
        place = self._place(path)
        return f"{option}{equals}{place}" if path.startswith("/") and place.exists() else word

    async def _find_python(self, version: str) -> str | None:
        lines: list[str] = []
        options = ("--system", "--no-project", "--no-python-downloads")
        try:
            finding = ("python", "find", *options, version)
            await self._uv(finding, cwd=self._folder, log=lines.append)
        except BuildError:
            return None
        return lines[-1] if lines else None

    async def _uv(self, words: tuple[str, ...], *, cwd: Path, log: Log) -> None:
        status, last = await self._run((_find_uv(), *words), cwd=cwd, log=log)
        if status != 0:
            raise BuildError(f"`uv {' '.join(words)}` failed:\n" + "\n".join(last))

    async def _run(self, words: tuple[str, ...], *, cwd: Path, log: Log) -> tuple[int, deque[str]]:
        """Run a tool of ours, its environment the daemon's own; its status and last lines."""
        environment = {
            k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}
        }
        environment["UV_SYSTEM_CERTS"] = "true"  # as the Makefile has it
        last: deque[str] = deque(maxlen=_LAST_LINES)

        def take(line: str) -> None:
            last.append(line.rstrip())
            log(line.rstrip())

        async with printing(self._reaper, words, cwd=cwd, env=environment, take=take) as process:
            status = await process.wait()
        return status, last


def _find_uv() -> str:
    """Return the uv to use: FRUGAL_UV, else the one set up in this checkout, else PATH's."""
    checkout = Path(__file__).parents[3]
    own = checkout / ".frugal" / "uv" / "bin" / "uv"
    uv = os.environ.get("FRUGAL_UV") or (str(own) if own.exists() else shutil.which("uv"))
    if uv is None:
        message = "There is no uv to install the app's dependencies: `make up` sets it up."
        raise BuildError(message)
    return uv


def _link(file: str, to: str) -> None:
    """Link a file, or copy it where the file system has no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copy2(file, to)
