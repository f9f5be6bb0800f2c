"""Files are replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from frugal.atomic import atomic_write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_rights_are_as_given_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "private", "é")
        atomic_write(tmp_path / "public", b"\x00", mode=0o644)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"private": 0o600, "public": 0o644}
    assert (tmp_path / "private").read_bytes() == "é".encode()


def test_a_killed_writers_half_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file.new").write_bytes(b"half")
    atomic_write(tmp_path / "file", "whole")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "whole"


def test_on_a_full_disk_the_file_stays_and_nothing_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_text("before")
    monkeypatch.setattr("frugal.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(tmp_path / "file", "after")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "before"
