"""The whole project brought up in a clone of its own, as a user brings it up."""

import contextlib
import functools
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.cost.made import PRICES
from tests.distribution import lay_out
from tests.engine.clone import Clone
from tests.plain_http import PLAIN

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = Path("Pulumi.local.yaml")

get = functools.partial(httpx.get, timeout=60, verify=PLAIN)
post = functools.partial(httpx.post, timeout=60, verify=PLAIN)
"""Requests without TLS; an app may have to be started first."""


class Environment:
    """The environment `local` of one clone, and what is asked of it."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone

    def status(self) -> dict[str, Any]:
        return self.clone.status()

    def url(self, name: str) -> str:
        return self.status()["urls"][name]

    def up(self) -> subprocess.CompletedProcess[str]:
        done = self.clone.frugal("up")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def apply(self) -> subprocess.CompletedProcess[str]:
        """Run `pulumi up` without a preview."""
        done = self.clone.pulumi("up", "--yes", "--skip-preview", "-s", "local")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def configure(
        self, fields: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> None:
        """Set fields of the settings by their paths; what runs changes with the next `up`."""
        options = [f"--plaintext={path}={value}" for path, value in fields.items()]
        options += [f"--secret={path}={value}" for path, value in (secrets or {}).items()]
        done = self.clone.pulumi("config", "set-all", "-s", "local", "--path", *options)
        assert done.returncode == 0, done.stdout + done.stderr

    def write_round(self, message: str) -> str:
        answer = post(self.url("translator") + "api/rounds", json={"message": message})
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    def read_round(self, location: str) -> str:
        answer = get(self.url("translator").rstrip("/") + location)
        assert answer.status_code == 200, answer.text
        return answer.json()["message"]

    def assert_unchanged(self) -> None:
        preview = self.clone.pulumi("preview", "-s", "local", "--expect-no-changes")
        assert preview.returncode == 0, preview.stdout + preview.stderr

    def plan(self) -> list[tuple[str, str]]:
        """The steps of the next `up`: what is done, and the URN it is done to."""
        shown = self.clone.pulumi("preview", "-s", "local", "--json")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        return [(step["op"], step["urn"]) for step in json.loads(shown.stdout)["steps"]]

    def azure(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Resource Manager's response to the deployer."""
        daemon = json.loads((self.clone.cloud / "daemon.json").read_text())
        base = f"http://127.0.0.1:{daemon['http']}"
        header = {"X-IDENTITY-HEADER": daemon["identity_header"]}
        told = get(f"{base}/msi/token", params={"resource": base}, headers=header)
        headers = {"Authorization": f"Bearer {told.json()['access_token']}"}
        return httpx.request(
            method, base + path, json=body, headers=headers, timeout=60, verify=PLAIN
        )

    def resource_ids(self, kind: str = "") -> list[str]:
        """The ids of what is in the cloud: all, or those of one type (`flexibleServers`)."""
        found = sorted(r["id"] for r in self.status()["resources"])
        return [i for i in found if not kind or i.rsplit("/", 2)[1] == kind]

    def recorded_ids(self) -> list[str]:
        """The ids of Azure's resources in the engine's state."""
        recorded = self.clone.state()["resources"]
        return sorted(r["id"] for r in recorded if r["type"].startswith("azure-native:"))

    def urns(self) -> set[str]:
        """All that the engine's state has."""
        return {r["urn"] for r in self.clone.state()["resources"]}

    def pids(self, name: str) -> list[int]:
        return [r["pid"] for r in self.status()["apps"][name]["replicas"] if r["pid"]]


def copy_checkout(root: Path) -> None:
    """Copy what git knows of this checkout, and what it would add, to `root`; no tests.

    Its price table is the one of the tests, so that exact figures hold.
    """
    root.mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    shutil.copytree(PRICES, root / "frugal" / "cost" / "prices", dirs_exist_ok=True)


def _take_uv(root: Path) -> None:
    """Give a clone this checkout's uv: installing it anew would take most of `make setup`.

    The tests of `make setup` itself install it.
    """
    own, taken = ROOT / ".frugal", root / ".frugal"
    shutil.copytree(own / "uv", taken / "uv", symlinks=True)
    (taken / "place").write_text(f"{root.resolve()}\n")
    (taken / "uv.stamp").touch()


def _take_compiled(root: Path) -> None:
    """Give a clone's packages what is compiled of the same ones here: the SDK takes seconds.

    Python ignores what was compiled from another file.
    """
    for compiled in (ROOT / ".venv").rglob("*.pyc"):
        copy = root / compiled.relative_to(ROOT)
        if copy.parent.parent.is_dir() and not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(compiled, copy)


def settings() -> str:
    """The committed settings of `local`, but with an account of the Translator, to have it all."""
    site = "  frugal:translator:\n"
    committed = (ROOT / SETTINGS).read_text()
    assert committed.count(site) == 1
    return committed.replace(site, f"{site}    translation:\n      provider: azure\n")


@contextlib.contextmanager
def set_up(root: Path) -> Iterator[Environment]:
    """Clone this checkout to `root`, with nothing running there, and take it down at the end.

    Its environment has all that `local` can have, by `settings`.
    Its user has an official Pulumi distribution on PATH (`tests/distribution.py`).
    """
    copy_checkout(root)
    (root / SETTINGS).write_text(settings())
    clone = Clone(root, lay_out(root.with_name("distribution")))
    _take_uv(root)
    done = clone.run("make", "setup")
    assert done.returncode == 0, done.stdout + done.stderr
    _take_compiled(root)
    try:
        yield Environment(clone)
    finally:
        clone.frugal("down", "--yes")
