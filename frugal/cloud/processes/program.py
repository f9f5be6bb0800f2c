"""Conversion of an image to a program: command, environment, folder, user."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frugal.cloud.errors import CloudError
from frugal.cloud.images import Image
from frugal.cloud.spawn import RunAs
from frugal.cloud.spawn.accounts import give


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that the reaper can start. `notes`: deviations from a container."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    workdir: Path
    run_as: RunAs
    notes: tuple[str, ...]


def prepare(
    name: str,
    image: Image,
    *,
    command: Sequence[str] | None,
    environment: Mapping[str, str],
    home: Path,
    user: int | None,
) -> Program:
    """Make an image ready to run as `name`, with `home` (made, and empty at first) as HOME.

    `command` replaces the image's own; `environment` is laid over the image's. `user`: the user id
    that is the app's own; None where the platform isn't root. Raises CloudError if neither image
    nor declaration names a command.
    """
    words = tuple(map(image.locate, command or ())) or image.command
    if not words:
        message = f"{name} has nothing to run: no CMD in its image, no command declared."
        raise CloudError("InvalidRequest", message)
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    if user is not None and home.stat().st_uid != user:
        give(home, user)
    return Program(
        command=words,
        environment={"HOME": str(home), **image.environment, **environment},
        workdir=image.workdir,
        run_as=RunAs() if user is None else RunAs(user=user, groups=image.groups),
        notes=(*image.notes, *_note(image.user, user)),
    )


def _note(declared: int | None, user: int | None) -> tuple[str, ...]:
    if declared is None or declared == os.geteuid():
        return ()
    if user is None:
        why = f"only root can become another user, so this runs as user {os.geteuid()}"
        return (f"USER {declared} is not honoured: {why}.",)
    return (f"USER {declared} is simulated: this runs as user {user}, which is the app's own.",)


def describe_exit(status: int) -> str:
    """An exit status in words, as `Process.wait` gives it: a signal is negative."""
    return f"killed by signal {-status}" if status < 0 else f"exited with status {status}"
