"""The files of a new site: all of them are written, or none."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from frugal.atomic import atomic_write
from frugal.cloud.images import BuildError
from frugal.cloud.images.dockerfile import read
from frugal.cloud.images.server_command import Address, address
from frugal.errors import FrugalError
from frugal.paths import Checkout
from infra.settings import SITE_NAMES, is_site_name
from infra.stacks.site import HEALTH_PATH, PORT

HERE = Path(__file__).parent
SITES = "infra/stacks/__init__.py"
READY_PATH = "/readyz"
PORTS = range(1, 65536)
LEFT_OUT = (".git", ".env", ".venv", "venv", "__pycache__", "node_modules", ".*_cache")
"""Patterns of what is not copied of an app's folder: history, secrets, what can be made again."""


@dataclass(frozen=True, kw_only=True)
class App:
    """An app to copy: its folder, port and paths of its probes.

    `locks`: its packages are locked in the copy; `notes`: lines for the user.
    """

    folder: Path
    port: int
    health_path: str | None = None
    ready_path: str | None = None
    locks: bool = False
    notes: Sequence[str] = ()


def template(framework: str) -> App:
    """The app to begin with."""
    return App(
        folder=HERE / framework,
        port=PORT,
        health_path=HEALTH_PATH,
        ready_path=READY_PATH,
        locks=True,
    )


def existing(root: Path, source: Path) -> App:
    """An app of the user's. Raises FrugalError where its folder cannot be copied or built here."""
    folder, apps = source.resolve(), root.resolve() / "apps"
    file = folder / "Dockerfile"
    if not file.is_file():
        raise FrugalError(f"{source} has no Dockerfile: give a folder that has one.", code=2)
    if folder == apps or apps in folder.parents or folder in apps.parents:
        raise FrugalError(
            f"{source} must not be in {apps} or contain it: give another folder.", code=2
        )
    try:
        recipe = read(file.read_text(encoding="utf-8"), inherited={})
    except UnicodeDecodeError as error:
        raise FrugalError(f"{source}/Dockerfile is not UTF-8 text.", code=2) from error
    except BuildError as error:
        raise FrugalError(f"{source} cannot be built here. {error}", code=2) from error
    if not recipe.command:
        raise FrugalError(f"{source}/Dockerfile has neither CMD nor ENTRYPOINT: add one.", code=2)
    bound = address(recipe.command, recipe.environment)
    port = bound.port if bound else PORT
    if recipe.exposed and not (bound and bound.is_given):
        port = recipe.exposed[0]
    if port not in PORTS:
        raise FrugalError(
            f"{source}/Dockerfile names the port {port}; allowed: {PORTS[0]} to {PORTS[-1]}.",
            code=2,
        )
    notes = [f"In its container it listens on port {port}.", *recipe.notes, *_notes(bound, folder)]
    return App(folder=folder, port=port, notes=notes)


def _notes(bound: Address | None, folder: Path) -> Iterator[str]:
    """Notes on the address that an app's command binds."""
    if bound is None:
        yield "Its command starts no known server: the app has to read HOST and PORT."
        return
    if bound.host == "unix":
        yield "Azure does not reach a Unix socket: let its command bind 0.0.0.0."
    elif bound.is_loopback:
        yield f"Azure does not reach {bound.host}: let its command bind 0.0.0.0."
    if not bound.is_given and (folder / "gunicorn.conf.py").is_file():
        yield "If gunicorn.conf.py sets another port, write that one into its stack module."


def add(place: Checkout, name: str, app: App) -> list[str]:
    """Write the files of a site; return lines for the user. Raises FrugalError."""
    folder, module = place.root / "apps" / name, place.root / f"infra/stacks/{name}.py"
    sites = place.root / SITES
    if not is_site_name(name):
        raise FrugalError(f"{name!r} is no name of a site; allowed: {SITE_NAMES}", code=2)
    for path in (folder, module):
        if path.exists():
            there = path.relative_to(place.root)
            raise FrugalError(f"{there} exists: give another name.", code=2)
    listed = _listed(sites.read_text(encoding="utf-8"), name)
    with contextlib.ExitStack() as undo:
        work = undo.enter_context(tempfile.TemporaryDirectory(dir=folder.parent, prefix="."))
        _copy(app, Path(work) / name, place)
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        (Path(work) / name).rename(folder)
        undo.callback(module.unlink, missing_ok=True)
        module.write_text(_module(name, app), encoding="utf-8")
        atomic_write(sites, listed, mode=sites.stat().st_mode & 0o777)
        undo.pop_all()
    count = sum(path.is_file() for path in folder.rglob("*"))
    written = f"{module.relative_to(place.root)} and an entry in {SITES}"
    return [f"Wrote apps/{name} ({count} files), {written}.", *app.notes, "Next: make up"]


def _copy(app: App, target: Path, place: Checkout) -> None:
    try:
        shutil.copytree(app.folder, target, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    except shutil.Error as error:
        file, _, why = error.args[0][0]
        raise FrugalError(f"{app.folder} cannot be copied: {file}: {why}") from error
    ignored = target / ".dockerignore"
    if not ignored.exists():
        ignored.write_text("".join(f"**/{pattern}\n" for pattern in LEFT_OUT))
    if app.locks:
        _lock(target, place)


def _lock(folder: Path, place: Checkout) -> None:
    """Lock the packages of requirements.in with hashes, as `make lock` does."""
    words = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header")
    files = ("--python-version", "3.11", "requirements.in", "-o", "requirements.lock")
    done = subprocess.run(
        [place.uv, *words, *files],
        cwd=folder,
        env={**os.environ, "UV_SYSTEM_CERTS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FrugalError(
            f"The packages could not be locked:\n{done.stderr.strip()}\n"
            "Nothing was written. Check the network (HTTPS_PROXY) and run the command again."
        )


def _module(name: str, app: App) -> str:
    """Text of the site's stack module."""
    text = Template((HERE / "stack.py.template").read_text(encoding="utf-8"))
    paths = {"health_path": app.health_path, "ready_path": app.ready_path}
    shown = {key: json.dumps(path) if path else "None" for key, path in paths.items()}
    return text.substitute(name=name, port=app.port, **shown)


def _listed(text: str, name: str) -> str:
    """Text of the list of sites with one more. Raises FrugalError if it is there, or unreadable."""
    entry = name.upper()
    if re.search(rf"\b{entry}\b", text):
        raise FrugalError(f"{SITES} has the name {entry}: give another name.", code=2)
    line = f"from infra.stacks.{name} import SITE as {entry}\n"
    lines = text.splitlines(keepends=True)
    imports = [i for i, one in enumerate(lines) if one.startswith("from infra.stacks.")]
    ends = [i for i, one in enumerate(lines) if one == ")\n"]
    if not imports or not ends or not lines[ends[0] - 1].endswith(",\n"):
        raise FrugalError(f"{SITES} has no SITES with an entry a line: write it so.", code=2)
    lines.insert(ends[0], f"    {entry},\n")
    lines.insert(next((i for i in imports if lines[i] > line), imports[-1] + 1), line)
    return "".join(lines)
