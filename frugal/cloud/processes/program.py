"""From an image to what can be started: command, environment, folder, user."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frugal.cloud.images import Image
from frugal.cloud.spawn.user import RunAs, run_as


class NothingToRun(Exception):  # noqa: N818 - reads as what it is
    """Neither the image nor the declaration names a command."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What the reaper starts. `notes`: what of the image is not as in a container."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    workdir: Path
    run_as: RunAs
    notes: tuple[str, ...]


async def prepare(
    name: str,
    image: Image,
    *,
    command: Sequence[str] | None,
    environment: Mapping[str, str],
    home: Path,
) -> Program:
    """Make an image ready to run as `name`, with `home` (made, and empty at first) as HOME.

    `command` replaces the image's own; `environment` is laid over the image's. Raises NothingToRun.
    """
    words = tuple(map(image.locate, command or ())) or image.command
    if not words:
        message = f"{name} has nothing to run: no CMD in its image, no command declared."
        raise NothingToRun(message)
    whole = {"HOME": str(home), **image.environment, **environment}
    program = shutil.which(words[0], path=whole.get("PATH"))
    become = await run_as(image.user, image.workdir, *([Path(program)] if program else []))
    _give(home, image.user)
    return Program(
        command=words,
        environment=whole,
        workdir=image.workdir,
        run_as=become,
        notes=(*image.notes, *([become.note] if become.note else [])),
    )


def _give(home: Path, user: int | None) -> None:
    home.mkdir(parents=True, exist_ok=True)
    owner = user if user is not None and os.geteuid() == 0 else -1
    os.chown(home, owner, owner)


def how(status: int) -> str:
    """How a process ended, in words, from its exit status."""
    return f"killed by signal {-status}" if status < 0 else f"exited with status {status}"
