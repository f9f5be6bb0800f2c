"""Finding or building the Pulumi CLI, with a Go that only pretends."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from frugal.errors import FrugalError
from frugal.local import toolchain
from frugal.paths import Checkout
from tests.engine.clone import PATIENCE, kill, until

ROOT = Path(__file__).resolve().parents[2]
VERSION = toolchain.declared_version(Checkout(ROOT))
MINIMUM = toolchain.minimum_version(Checkout(ROOT))

# Builds an executable that prints the version. $GO_SAYS: fail with these words; a file `stall` in
# the store: stay in the middle of writing the binary for as long as it is there.
GO = """\
#!/bin/sh
case "$1" in
  env) echo "go1.26.8"; exit 0 ;;
  list) echo "$STORE/module"; exit 0 ;;
esac
echo build >> "$STORE/builds"
while [ "$1" != "-o" ]; do shift; done
printf '#!/bin/sh\\n' > "$2"; chmod +x "$2"
if [ -n "${GO_SAYS:-}" ]; then echo "$GO_SAYS" >&2; exit 1; fi
touch "$STORE/building"
while [ -e "$STORE/stall" ]; do sleep 0.05; done
printf 'echo v%s\\n' "$VERSION" >> "$2"
"""

ENSURE = """\
import sys
from pathlib import Path
from rich.console import Console
from frugal.paths import Checkout
from frugal.local.toolchain import ensure_cli
print(ensure_cli(Checkout(Path(sys.argv[1])), Console(stderr=True)).binary)
"""


def executable(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user's cache and a pretending Go on PATH; returns the folder of its marks."""
    executable(tmp_path / "go" / "go", GO)
    for script in ("cmd/" + toolchain.EXECUTOR, "dist/" + toolchain.DYNAMIC_HOST):
        executable(tmp_path / "module" / "python" / script, f"#!/bin/sh\n# {script}\n")
    monkeypatch.setenv("STORE", str(tmp_path))
    monkeypatch.setenv("VERSION", VERSION)
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(toolchain, "user_cache", lambda: tmp_path / "cache" / "frugal")
    return tmp_path


def ensure() -> toolchain.Cli:
    return toolchain.ensure_cli(Checkout(ROOT), Console(stderr=True))


def begin() -> "subprocess.Popen[str]":
    """Look for the CLI in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, ROOT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_is_built_once(store: Path) -> None:
    cli = ensure()
    assert ensure() == cli
    binary = cli.binary
    for script in ("cmd/" + toolchain.EXECUTOR, "dist/" + toolchain.DYNAMIC_HOST):
        beside, source = binary.parent / Path(script).name, store / "module" / "python" / script
        assert beside.read_bytes() == source.read_bytes()
        assert os.access(beside, os.X_OK)
    assert (store / "builds").read_text() == "build\n"
    assert not list(binary.parent.parent.glob("building-*"))


def test_half_built_one_is_never_used(store: Path) -> None:
    (store / "stall").touch()
    first = begin()
    until((store / "building").exists)
    # Go as well, or it would still be writing when the next run looks; what it waits with may end.
    for pid in [first.pid, *children(first.pid)]:
        with contextlib.suppress(ProcessLookupError):
            kill(pid)
    first.wait()
    (store / "stall").unlink()
    target = toolchain.built_cli(VERSION).parent
    assert not target.exists()
    assert list(target.parent.glob("building-*"))
    binary = ensure().binary
    assert subprocess.check_output([binary], text=True).strip() == f"v{VERSION}"
    assert not list(target.parent.glob("building-*"))


def children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_two_at_once_build_once(store: Path) -> None:
    (store / "stall").touch()
    first = begin()
    until((store / "building").exists)
    second = begin()
    (store / "stall").unlink()
    outputs = {process.communicate(timeout=PATIENCE)[0] for process in (first, second)}
    assert len(outputs) == 1
    assert (store / "builds").read_text() == "build\n"


@pytest.mark.parametrize(
    ("go_says", "told"),
    [
        ("dial tcp: lookup proxy.invalid: no such host", "could not be fetched. Check the network"),
        ("write /x: no space left on device", "No space left while building"),
        ("main.go:1: syntax error", "could not be built. Go said: main.go:1: syntax error"),
    ],
)
@pytest.mark.usefixtures("store")
def test_failed_build_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, go_says: str, told: str
) -> None:
    monkeypatch.setenv("GO_SAYS", go_says)
    with pytest.raises(FrugalError, match=told):
        ensure()
    assert [f.name for f in toolchain.built_cli(VERSION).parent.parent.iterdir()] == ["lock"]


def test_build_that_does_not_start_is_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "0.0.1")
    with pytest.raises(FrugalError, match="does not start"):
        ensure()
    assert not toolchain.built_cli(VERSION).exists()


def test_no_go_and_no_network_says_so(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "go" / "go", "#!/bin/sh\necho go1.20\n")
    executable(tmp_path / "go" / "uv", "#!/bin/sh\necho 'error: no connection' >&2\nexit 2\n")
    monkeypatch.setattr(toolchain, "declared_version", lambda _checkout: VERSION)
    monkeypatch.setattr(toolchain, "minimum_version", lambda _checkout: MINIMUM)
    with pytest.raises(FrugalError, match=r"Go could not be installed .*no connection"):
        toolchain.ensure_cli(Checkout(tmp_path), Console(stderr=True))


@pytest.mark.parametrize(
    ("folder", "version", "names", "taken"),
    [
        ("bin", MINIMUM, ["pulumi", "pulumi-language-python"], True),
        ("bin", "99.0.0", ["pulumi", "pulumi-language-python"], True),
        ("bin", VERSION, ["pulumi"], False),
        ("clone/.frugal/bin", VERSION, ["pulumi", "pulumi-language-python"], False),
    ],
)
def test_official_cli_on_path(
    store: Path, monkeypatch: pytest.MonkeyPatch, folder: str, version: str, *,
    names: list[str], taken: bool,
) -> None:  # fmt: skip
    for name in names:
        executable(store / folder / name, f"#!/bin/sh\necho v{version}\n")
    monkeypatch.setenv("PATH", f"{store / folder}{os.pathsep}{os.environ['PATH']}")
    cli = ensure()
    assert (cli.binary == store / folder / "pulumi", not cli.built) == (taken, taken)


def test_an_official_cli_that_is_too_old_is_named(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pulumi", "pulumi-language-python"):
        executable(store / "bin" / name, "#!/bin/sh\necho v3.258.1\n")
    monkeypatch.setenv("PATH", f"{store / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert ensure().built
    said = capsys.readouterr().err
    assert f"({store / 'bin' / 'pulumi'}) is 3.258.1, older than {MINIMUM}: using {VERSION}" in said
