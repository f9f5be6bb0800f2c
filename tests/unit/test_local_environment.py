"""Options of the engine's run behind `frugal up`, and a stop before it."""

import signal
from pathlib import Path

import pytest
from rich.console import Console

from frugal.errors import FrugalError
from frugal.local import environment
from frugal.local.environment import without_preview
from frugal.paths import Checkout


def test_a_preview_is_made_only_where_a_limit_may_stop_the_run(tmp_path: Path) -> None:
    project, settings = tmp_path / "Pulumi.yaml", tmp_path / "Pulumi.local.yaml"
    project.write_text("name: frugal\n")
    settings.write_text("config:\n  frugal:budget: {monthlyAmount: 40}\n")
    assert without_preview(Checkout(tmp_path)) == ["--skip-preview"]
    limit = "config:\n  frugal:maxMonthlyCost: 60\n"
    settings.write_text(limit)
    assert without_preview(Checkout(tmp_path)) == []
    settings.write_text("config: {}\n")
    project.write_text(limit)
    assert without_preview(Checkout(tmp_path)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_before_the_engine_starts_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def stopped(*_arguments: object, **_options: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr(environment, "prepare", stopped)
    before = signal.getsignal(number)
    with pytest.raises(FrugalError, match="nothing is lost") as caught:
        environment.up(Checkout(tmp_path), Console())
    assert caught.value.code == 130
    assert signal.getsignal(number) is before
