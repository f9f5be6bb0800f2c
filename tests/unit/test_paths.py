"""The folders of an environment are closed to the machine's other users from the beginning."""

import os
import tempfile
from pathlib import Path

import pytest

from frugal.paths import Checkout


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["open", "closed"])
def test_the_folders_of_an_environment_are_closed(mode: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        root.chmod(mode)
        checkout = Checkout(root)
        # Of an earlier version, which left them to the umask.
        checkout.state.mkdir(parents=True)
        checkout.local.chmod(0o755)

        checkout.make_local()

        passing = os.geteuid() == 0 and mode == 0o755
        assert checkout.local.stat().st_mode & 0o777 == (0o711 if passing else 0o700)
        assert checkout.state.stat().st_mode & 0o777 == 0o700
        assert checkout.home.stat().st_mode & 0o777 == 0o700
