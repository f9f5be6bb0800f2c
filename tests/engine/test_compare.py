"""`frugal compare` on the real engine: previews of the program, once for the same settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from frugal.paths import Checkout
from tests.cost.command import frugal
from tests.environment import ROOT

DEV = "config:\n  azure-native:location: eastus\n  frugal:budget: {contacts: [owner@example.com]}\n"
# One option, since each preview takes six seconds of CPU; tests/cost has the choice of all.
VALUES = {"host": ("containerApp",), "cdn": ("none",)}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """The program in a checkout of its own: a developer's settings and previews must not count."""
    folders = (".venv", "apps", "frugal", "infra", "requirements", "tools")
    for name in (*folders, "Pulumi.yaml", "__main__.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "Pulumi.dev.yaml").write_text(DEV)
    made = Checkout(tmp_path)
    for command in ("compare", "cost"):
        monkeypatch.setattr(f"frugal.commands.{command}.checkout", lambda: made)
    monkeypatch.setattr("frugal.commands.compare._values", lambda _model, field: VALUES[field])
    return made


def compare() -> dict[str, Any]:
    done = frugal("compare", "translator", "-s", "dev", "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def cost(*changes: str) -> str:
    options = [part for change in changes for part in ("--set", f"translator.{change}")]
    done = frugal("cost", "-s", "dev", "--format", "json", *options)
    assert done.code == 0, done.err
    return json.loads(done.out)["monthly"]["expected"]


def test_an_option_is_previewed_once_and_priced_as_frugal_cost_prices_it(place: Checkout) -> None:
    first = compare()
    (row,) = first["rows"]
    assert row["name"] == "Container Apps"
    kept = {file.name: file.stat().st_mtime_ns for file in place.previews.iterdir()}
    assert len(kept) == 1
    # Without an edge the visits are those of the small site, as for `frugal cost`.
    assert row["monthly"][0]["expected"] == cost("host=containerApp", "cdn=none")
    assert compare() == first
    assert {file.name: file.stat().st_mtime_ns for file in place.previews.iterdir()} == kept
