"""Options of the engine's run behind `frugal up`."""

from pathlib import Path

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
