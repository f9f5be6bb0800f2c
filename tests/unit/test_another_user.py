"""Commands in a checkout whose environment is another user's."""

import os
import pwd
from pathlib import Path

import pytest

from frugal import cli, paths
from frugal.paths import Checkout

COMMANDS = (["status"], ["status", "--json"], ["env"], ["up"], ["down", "--yes"], ["logs", "edge"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_owner_is_named_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    (tmp_path / ".frugal" / "local").mkdir(parents=True)
    monkeypatch.setattr(paths, "checkout", lambda: Checkout(tmp_path))
    owner = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr("sys.argv", ["frugal", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (1, "")
    assert shown.err.startswith(f"Error: The environment in {tmp_path} is the user {owner}'s")
    assert len(shown.err.splitlines()) == 1
    assert list((tmp_path / ".frugal").iterdir()) == [tmp_path / ".frugal" / "local"]
