"""Ports are kept by name, and a damaged file stops nothing."""

from pathlib import Path

import pytest

from frugal.cloud import ports
from frugal.cloud.ports import Ports


def test_a_name_keeps_its_port(tmp_path: Path) -> None:
    port = Ports(tmp_path / "ports.json").get("homepage")
    assert Ports(tmp_path / "ports.json").get("HOMEPAGE") == port
    assert Ports(tmp_path / "ports.json").get("translator") != port


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '{"homepage": "x"}'])
def test_a_damaged_file_gives_new_ports(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "ports.json").write_text(damaged)
    assert ports.LOWEST <= Ports(tmp_path / "ports.json").get("homepage") < ports.HIGHEST
