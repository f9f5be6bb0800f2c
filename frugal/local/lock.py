"""The checkout's lock: one update or teardown of the environment `local` at a time."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil
from rich.console import Console

from frugal.errors import FrugalError
from frugal.local.daemon import is_running
from frugal.local.file_lock import take
from frugal.paths import Checkout
from frugal.terminal import say

# Seconds for the processes of an engine to end after it.
_ENDING = 2.0
_POLL = 0.2
_LANGUAGE_HOST, _DYNAMIC_HOST = "pulumi-language-", "pulumi.dynamic"
_ENV = "frugal env"


@contextmanager
def checkout_lock(checkout: Checkout, console: Console, command: str) -> Generator[int]:
    """Hold the checkout's lock; yield its descriptor. Raises FrugalError: another command has it.

    The engine inherits the descriptor. If only the command was killed, its engine continues and
    holds the lock, and the next run waits for it. Its hosts inherit the descriptor as well, so
    those that outlived their engine are ended first.
    """
    with _open(checkout) as file:
        if not take(file, wait=False):
            _wait(file, console)
        _sign(file, command)
        yield file.fileno()


@contextmanager
def checkout_lock_if_free(checkout: Checkout) -> Generator[bool]:
    """Hold the checkout's lock for `frugal env`; yield False while another command has it."""
    with _open(checkout) as file:
        free = take(file, wait=False)
        if free:
            _sign(file, _ENV)
        yield free


@contextmanager
def _open(checkout: Checkout) -> Generator[IO[str]]:
    checkout.tool.mkdir(exist_ok=True)
    end_orphaned_hosts(checkout)
    with checkout.lock.open("a+") as file:
        yield file


def _sign(file: IO[str], command: str) -> None:
    file.truncate(0)
    file.write(f"{os.getpid()} {command}")
    file.flush()


def _wait(file: IO[str], console: Console) -> None:
    """Take the lock when its holder ends. Raises FrugalError if that is a running command."""
    file.seek(0)
    pid, _, command = file.read().partition(" ")
    if command == _ENV:  # takes seconds
        take(file, wait=True)
        return
    if pid.isdigit() and is_running(int(pid)):
        raise FrugalError(
            f"`{command}` is already running in this checkout (pid {pid}). "
            "Wait until it has ended, then run the command again."
        )
    deadline = time.monotonic() + _ENDING
    while time.monotonic() < deadline:
        time.sleep(_POLL)
        if take(file, wait=False):
            return
    say(console, "The engine of a killed run is still working. Waiting for it to end.")
    take(file, wait=True)


def end_orphaned_hosts(checkout: Checkout) -> None:
    """End the hosts in this checkout whose engine was killed.

    The official language host looks for its engine every five minutes (CLI 3.274, its main.go), and
    holds the checkout's lock until then. A dynamic provider's host that has loaded one of this
    program's providers ends by itself (`infra/components/dynamic_provider.py`), any other never.
    """
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if not Path(command[0]).name.startswith(_LANGUAGE_HOST) and _DYNAMIC_HOST not in command:
            continue
        with suppress(psutil.Error):
            orphaned = all(parent.name() != "pulumi" for parent in process.parents())
            if orphaned and Path(process.cwd()) == checkout.root:
                process.kill()
