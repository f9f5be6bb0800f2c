"""The audit of the lock files, with stand-ins that answer as pip-audit 2.10.1 did."""

import json
import sys
from pathlib import Path

import pytest

from tools.audit import KNOWN, NO_ANSWER, audit

CLEAN = {"name": "anyio", "version": "4.16.0", "vulns": []}
VULNERABLE = {
    "name": "uv",
    "version": "0.13.9",
    "vulns": [{"id": "CVE-1", "fix_versions": ["0.14", "1.0"], "aliases": ["GHSA-1"]}],
}
ANSWERS = {
    "clean.lock": (json.dumps({"dependencies": [CLEAN], "fixes": []}), "", 0),
    "vulnerable.lock": (json.dumps({"dependencies": [CLEAN, VULNERABLE], "fixes": []}), "", 1),
    "away.lock": ("", "Traceback (most recent call last):\nConnectionError: no route", 1),
    "silent.lock": ("", "", -9),
}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    program = tmp_path / "pip_audit.py"
    program.write_text(
        f"import os, sys\nout, err, code = {ANSWERS!r}[sys.argv[2]]\n"
        "assert sys.argv[1] == '--requirement'\n"
        "print(out)\nprint(err, file=sys.stderr)\n"
        "sys.stdout.flush()\ncode < 0 and os.kill(os.getpid(), -code)\nsys.exit(code)\n"
    )
    return [sys.executable, str(program)]


def test_locks_without_a_known_vulnerability(command: list[str]) -> None:
    lines, code = audit([Path("clean.lock")], command)
    assert (lines, code) == (["clean.lock: 1 packages, known vulnerabilities: 0"], 0)


def test_a_vulnerability_is_listed_with_its_remedy(command: list[str]) -> None:
    lines, code = audit([Path("vulnerable.lock"), Path("clean.lock")], command)
    assert code == KNOWN
    assert lines == [
        "vulnerable.lock: 2 packages, known vulnerabilities: 1",
        "  uv 0.13.9: CVE-1, fixed in 0.14, 1.0",
        "clean.lock: 1 packages, known vulnerabilities: 0",
    ]


@pytest.mark.parametrize(
    ("lock", "reason"),
    [("away.lock", "ConnectionError: no route"), ("silent.lock", "exit code -9")],
)
def test_no_answer_is_no_clean_audit(lock: str, reason: str, command: list[str]) -> None:
    lines, code = audit([Path("vulnerable.lock"), Path(lock), Path("clean.lock")], command)
    assert code == NO_ANSWER
    assert lines[2:] == [f"{lock}: NOT AUDITED, no answer of the database: {reason}"]
