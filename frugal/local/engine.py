"""The Pulumi engine: its installation and its runs.

`local_engine` acts on the environment `local` alone; `preview_from_nothing` previews any
environment from an empty state, without a login, and creates nothing.
"""

import contextlib
import filecmp
import importlib.metadata
import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from frugal.errors import FrugalError
from frugal.local.display import Display
from frugal.local.toolchain import DYNAMIC_HOST, EXECUTOR, ensure_cli
from frugal.paths import Checkout, checkout
from frugal.sign_in import SETTINGS
from frugal.stack_files import stack_file, without_secrets
from frugal.terminal import progress, say

# Published on purpose: the local environment holds no secret worth keeping, and its salt is in the
# repository, so that `up` leaves the checkout clean.
LOCAL_PASSPHRASE = "frugal-local"  # noqa: S105
LOCAL_STACK = "local"
# Only the owner may read the engine's state and logs.
_UMASK = 0o077
_POLL = 0.1  # seconds between two readings of a run's events
_PLUGIN = "pulumi-resource-azure-native"


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user stopped the engine; the running operations have finished and are recorded."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that has ended: its exit code, and the reasons of a failure.

    `outputs`: of the stack, secrets masked; `changes`: number of resources by operation.
    """

    code: int
    failure: str
    outputs: Mapping[str, Any]
    changes: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The CLI with its own home and state, acting on the project in `project`."""

    pulumi: Path
    project: Path
    home: Path
    backend: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def settings(self) -> dict[str, str]:
        """The environment variables that make any `pulumi` act as this engine."""
        return {
            "PATH": _path_with(self.pulumi.parent),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Engine, plugins and local cloud communicate over the loopback, without a proxy.
            **dict.fromkeys(("no_proxy", "NO_PROXY"), _no_proxy()),
            **self.variables,
        }

    def environment(self) -> dict[str, str]:
        """Environment variables of a run: the user's, overridden by ours."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            # PULUMI_OPTION_NAME sets an option of any command of the CLI.
            if name not in FOREIGN and not name.startswith("PULUMI_OPTION_")
        }
        return inherited | self.settings()

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run and return standard output; FrugalError has the engine's messages."""
        done = self.attempt(*arguments, cwd=cwd)
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip()).removeprefix("error: ")
            raise FrugalError(f"pulumi {' '.join(arguments[:2])} failed: {words}")
        return done.stdout

    def attempt(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end without display, whatever the exit code."""
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive", "--color", "never"],
            cwd=cwd or self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            umask=_UMASK,
        )

    def follow(
        self, *arguments: str, console: Console, output: Path, keep_open: Sequence[int] = ()
    ) -> Run:
        """Run with a line of progress.

        The engine's own display goes to the file `output`, which the failure names. An interrupt
        reaches the engine once, so that it finishes and records the running operations; then
        Interrupted is raised. `keep_open`: descriptors that the engine inherits (a lock, so that it
        stays locked if this process is killed).
        """
        # On a terminal the engine must stay in the foreground, and Ctrl-C reaches it by itself.
        on_terminal = sys.stdin.isatty()
        events = output.with_suffix(".events")
        for file in (events, output):
            file.unlink(missing_ok=True)
            file.touch(mode=0o600)
        with output.open("ab") as written:
            process = subprocess.Popen(
                [self.pulumi, *arguments, "--color", "never", "--event-log", events],
                cwd=self.project,
                # Allows --event-log, as in the Automation API of the Pulumi SDK.
                env={**self.environment(), "PULUMI_DEBUG_COMMANDS": "true"},
                stdout=written,
                stderr=written,
                pass_fds=keep_open,
                process_group=None if on_terminal else 0,
                umask=_UMASK,
            )
        received: list[int] = []

        def interrupt(number: int, _frame: FrameType | None) -> None:
            received.append(number)
            again = "Still stopping" if len(received) > 1 else "Stopping"
            print(f"{again}: running operations finish first.", file=sys.stderr, flush=True)
            if len(received) == 1 and (number != signal.SIGINT or not on_terminal):
                process.send_signal(number)

        display = Display(events)
        before = {s: signal.signal(s, interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            with progress(console) as show:
                is_running = True
                while is_running:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_POLL)
                    is_running = process.returncode is None
                    show(display.step())
                    for line in display.notes():
                        say(console, line)
            for warning in display.warnings():
                say(console, f"Warning: {warning}", "yellow")
            failure = display.failure() if process.returncode else ""
            run = Run(
                code=process.returncode,
                failure=f"{failure}\nThe engine's whole output is in {output}.",
                outputs=display.outputs,
                changes=display.changes,
            )
        finally:
            events.unlink()
            for number, handler in before.items():
                signal.signal(number, handler)
        if received:
            raise Interrupted
        return run


FOREIGN = frozenset(
    {
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_STACK",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
        # Both would store the state compressed, under another name.
        "PULUMI_DIY_BACKEND_GZIP",
        "PULUMI_SELF_MANAGED_STATE_GZIP",
        # Without compiled modules each run would take twice as long.
        "PYTHONDONTWRITEBYTECODE",
        # Read by azure-native.
        *chain(*SETTINGS.values()),
        "ARM_AUXILIARY_TENANT_IDS",
        # Read by azure-identity 1.27: its default credential, and the flavour of managed identity
        # that comes before the one of IDENTITY_ENDPOINT and IDENTITY_HEADER.
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_PASSWORD",
        "AZURE_TENANT_ID",
        "AZURE_TOKEN_CREDENTIALS",
        "AZURE_USERNAME",
        "IDENTITY_SERVER_THUMBPRINT",
    }
)
"""User variables that would direct our engine to another state or sign-in."""


def install_cli(place: Checkout, console: Console) -> Path:
    """Install the CLI and the executables that it starts into `.frugal/bin`; return the CLI's path.

    Existing files are left unchanged. Raises FrugalError as `ensure_cli` does.
    """
    cli = ensure_cli(place, console)
    folder = place.bin
    folder.mkdir(parents=True, exist_ok=True)
    if not cli.built:
        for own in folder.iterdir():
            if own.name != "pulumi":
                own.unlink()
        _link(cli.binary, place.pulumi, hard=False)
        return place.pulumi
    # The CLI looks for its hosts beside the file that runs, not beside a symbolic link.
    for name in ("pulumi", EXECUTOR, DYNAMIC_HOST):
        _link(cli.binary.with_name(name), folder / name, hard=True)
    language = [place.python, "-P", "-m", "frugal.local.hosts.language", folder / EXECUTOR]
    _write_launcher(folder / "pulumi-language-python", language)
    return place.pulumi


def local_engine(place: Checkout, console: Console, variables: Mapping[str, str]) -> Engine:
    """The engine of the environment `local`, usable while the daemon runs.

    `variables`: environment variables with the daemon's HTTP address.
    """
    host = place.root / "frugal" / "local" / "hosts" / "azure_native.py"
    plugin = [place.python, "-I", "-S", host, place.cloud]
    engine = Engine(
        pulumi=install_cli(place, console),
        project=place.root,
        home=place.home,
        backend=place.state,
        variables=variables,
    )
    place.make_local()
    _install_plugin(engine, plugin)
    return engine


def preview_from_nothing(
    place: Checkout,
    console: Console,
    stack: str,
    *options: str,
    settings: Mapping[str, object] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Preview `stack` from an empty state without a login; return the output of `pulumi preview`.

    Nothing in the checkout changes. Secrets of the stack's configuration are not read: the program
    sees a placeholder. `options` go to `pulumi preview`, say `--json`, `--show-sames`; `settings`
    replaces the content of the stack's file. Raises FrugalError if there is no such stack.
    """
    module = [place.python, "-P", "-m", "frugal.cloud.provider", "--plan-only"]
    with tempfile.TemporaryDirectory(prefix="frugal-plan-") as scratch:
        folder = Path(scratch).resolve()
        (folder / "state").mkdir()
        engine = Engine(
            pulumi=install_cli(place, console),
            project=place.root,
            home=place.plan_home,
            backend=folder / "state",
        )
        _install_plugin(engine, module)
        shutil.copy(place.root / "Pulumi.yaml", folder)
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text(without_secrets(settings or stack_file(place.root, stack)))
        # `stack init` writes its salt into the stack's file, so it runs where the copy is.
        engine.run("stack", "init", stack, "--no-select", cwd=folder)
        return engine.attempt("preview", "-s", stack, "--config-file", str(file), *options)


def _install_plugin(engine: Engine, command: Sequence[str | Path]) -> None:
    """Install `command` as the azure-native plugin in the engine's home, with the SDK's version."""
    version = importlib.metadata.version("pulumi-azure-native")
    # The provider ignores the engine's address, which the engine appends to the command line.
    script = _launcher(command)
    there = engine.home / "plugins" / f"resource-azure-native-v{version}" / _PLUGIN
    if there.exists() and there.read_text() == script:
        return
    engine.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=engine.home) as folder:
        archive = Path(folder) / "plugin.tar.gz"
        entry = tarfile.TarInfo(_PLUGIN)
        entry.size, entry.mode = len(script.encode()), 0o755
        with tarfile.open(archive, "w:gz") as tar:
            tar.addfile(entry, io.BytesIO(script.encode()))
        source = ["--file", str(archive), "--reinstall"]
        engine.run("plugin", "install", "resource", "azure-native", version, *source)


def _launcher(command: Sequence[str | Path]) -> str:
    # Through sh, since a `#!` line takes neither spaces nor a long path.
    return f"#!/bin/sh\nexec {shlex.join(str(part) for part in command)}\n"


def _write_launcher(file: Path, command: Sequence[str | Path]) -> None:
    script = _launcher(command).rstrip() + ' "$@"\n'
    if file.exists() and file.read_text() == script:
        return
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(script)
    fresh.chmod(0o755)
    fresh.replace(file)


def _link(source: Path, link: Path, *, hard: bool) -> None:
    """Link a file; where a hard link is not possible, copy it. Leave an equal one unchanged."""
    if link.exists() and link.is_symlink() != hard:
        is_equal = filecmp.cmp(link, source) if hard else link.samefile(source)
        if is_equal:
            return
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    if not hard:
        fresh.symlink_to(source)
    else:
        try:
            fresh.hardlink_to(source)
        except OSError:
            shutil.copy2(source, fresh)
    fresh.replace(link)


def _no_proxy() -> str:
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in given.split(",") if host]
    return ",".join([*hosts, *(h for h in ("127.0.0.1", "localhost") if h not in hosts)])


def _path_with(folder: Path) -> str:
    """PATH with `folder` first and without duplicates of it."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([str(folder), *(e for e in entries if e != str(folder))])


if __name__ == "__main__":
    # Run by `make setup` and `make test`, so that the build is visible and not part of a test.
    try:
        install_cli(checkout(), Console(stderr=True))
    except FrugalError as problem:
        sys.exit(f"Error: {problem}")
