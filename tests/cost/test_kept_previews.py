"""The previews that `frugal compare` keeps, with an engine that prints a plan of one resource."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from frugal.commands.preview import preview_option
from frugal.errors import FrugalError
from frugal.paths import Checkout
from tests.cost.made import as_json, preview, registry, step

DEV = "config:\n  azure-native:location: eastus\n  frugal:homepage: {sessionKey: {secure: v1:x}}\n"
FILES = (
    "infra/settings.py",
    "__main__.py",
    "Pulumi.yaml",
    "frugal/cloud/provider.py",
    "frugal/cloud/contract/data/app.json",
    "frugal/local/engine.py",
    "requirements/run.lock",
)


@pytest.fixture
def place(tmp_path: Path) -> Checkout:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(DEV)
    return Checkout(tmp_path)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Settings of every run of the engine."""
    settings: list[object] = []

    def run(*_: object, settings: object, into: list[object] = settings) -> object:
        into.append(settings)
        printed = as_json(preview(step("create", None, registry())))
        return subprocess.CompletedProcess((), 0, printed, "")

    monkeypatch.setattr("frugal.commands.preview.preview_from_nothing", run)
    return settings


def ask(place: Checkout, change: str = "homepage.cdn=none") -> list[str]:
    plan = preview_option(place, Console(stderr=True), "dev", [change])
    return [one.name for one in plan.after.values()]


def test_the_same_option_is_previewed_once(place: Checkout, runs: list[object]) -> None:
    assert ask(place) == ask(place) == ["registry"]
    assert len(runs) == 1
    (file,) = place.previews.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    ask(place, "homepage.cdn=frontDoor")
    assert len(runs) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_changed_program_is_previewed_again(
    place: Checkout, runs: list[object], name: str
) -> None:
    ask(place)
    (place.root / name).write_text("changed\n")
    ask(place)
    assert len(runs) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace("eastus", "westeurope"), 2),
        (lambda text: f"{text}  frugal:database: {{storageGb: 64}}\n", 2),
        # Neither a secret's value nor a limit changes what is declared.
        (lambda text: text.replace("v1:x", "v1:y"), 1),
        (lambda text: f"{text}  frugal:maxMonthlyCost: 1\n", 1),
    ],
)
def test_changed_settings_are_previewed_again(
    place: Checkout, runs: list[object], change: Callable[[str], str], expected: int
) -> None:
    ask(place)
    (place.root / "Pulumi.dev.yaml").write_text(change(DEV))
    ask(place)
    assert len(runs) == expected


def test_the_oldest_previews_go(place: Checkout, runs: list[object]) -> None:
    place.previews.mkdir(parents=True)
    for age in range(50):
        file = place.previews / f"{age}.json"
        file.touch()
        os.utime(file, (age, age))
    ask(place)
    assert len(list(place.previews.iterdir())) == 40
    assert not (place.previews / "0.json").exists()
    ask(place)
    assert len(runs) == 1


def test_a_preview_that_failed_is_not_kept(
    place: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess((), 1, "", "no such thing")
    monkeypatch.setattr("frugal.commands.preview.preview_from_nothing", lambda *_, **__: failed)
    with pytest.raises(FrugalError, match=r"--set homepage\.cdn=none failed: no such thing"):
        ask(place)
    assert not place.previews.exists()
