"""Logs: bounded, private, and followed over a rotation."""

import os
from pathlib import Path
from typing import Any

import pytest

from frugal.cloud.logfile import LogFile, Reader, former, rotate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "edge.log"


@pytest.fixture
def log(path: Path) -> LogFile:
    return LogFile(path)


def test_a_log_that_is_long_enough_is_kept_once_more(log: LogFile, path: Path) -> None:
    for round_ in range(3):
        for number in range(20):
            log.write(f"line {round_} {number}")
        rotate(path, most=100)
    assert path.read_text() == ""
    assert former(path).read_text().splitlines() == [f"line 2 {n}" for n in range(20)]
    assert {file.name for file in path.parent.iterdir()} == {"edge.log", "edge.log.1"}
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_short_one_stays(log: LogFile, path: Path) -> None:
    log.write("line")
    rotate(path, most=100)
    assert path.read_text() == "line\n"
    assert not former(path).exists()


def test_who_has_it_open_goes_on_at_its_begin(log: LogFile, path: Path) -> None:
    log.write("a" * 100)
    rotate(path, most=50)
    log.write("next")
    assert path.read_text() == "next\n"


def test_of_a_flood_the_end_is_kept(log: LogFile, path: Path) -> None:
    log.write("a" * 100_000 + "end")
    rotate(path, most=50)
    assert former(path).read_text() == ("a" * 96 + "end\n")


def test_on_a_full_disk_the_lines_go(
    log: LogFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    log.write("a" * 100)
    rotate(path, most=50)
    assert path.read_text() == ""
    assert list(path.parent.iterdir()) == [path]


def test_one_that_is_not_there(tmp_path: Path) -> None:
    rotate(tmp_path / "none.log", most=0)
    assert not any(tmp_path.iterdir())


def test_a_reader_misses_nothing(log: LogFile, path: Path) -> None:
    reader, written, read = Reader(path), "", ""
    for number in range(30):
        line = f"Zeile {number} ü"
        log.write(line)
        written += line + "\n"
        if number % 10 == 9:
            rotate(path, most=100)
            log.write("after")
            written += "after\n"
        if number % 4 == 3:
            read += reader.read()
    assert read + reader.read() == written


def test_a_reader_begins_with_the_former_lines(log: LogFile, path: Path) -> None:
    log.write("first " * 20)
    rotate(path, most=100)
    log.write("second")
    reader = Reader(path)
    assert reader.read() == "first " * 20 + "\nsecond\n"
    assert reader.read() == ""
    path.unlink()
    with pytest.raises(FileNotFoundError):
        reader.read()
