"""Damage each file that the environment `local` depends on, run `frugal up`, compare the outcome.

    .venv/bin/python -m tests.faults.damage [--whole] [--only CASE,…] [--list]

Works in a clone of its own below the folder for temporary files. Each case starts from the same
environment with a row in its database. `--whole` takes the whole program (minutes a case) instead
of a small one. Prints one line a case and ends with 1 unless each has the outcome that
docs/reliability.md gives.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import psutil
import psycopg

from frugal.local import daemon as daemons
from frugal.paths import Checkout
from tests.engine.clone import PATIENCE, Clone
from tests.environment import copy_checkout

Outcome = Literal["rebuilt", "refused", "lost"]
"""Rebuilt with its rows; refused, with the rows where they were; rows gone, and said so."""


class Environment:
    """The environment of one clone, its files and the row in it."""

    def __init__(self, root: Path, *, whole: bool) -> None:
        self.clone = Clone(root)
        self.whole = whole
        self.place = Checkout(root)
        self.local, self.cloud, self.state = (
            self.place.local,
            self.place.cloud,
            self.place.state / ".pulumi",
        )
        self.stack = self.state / "stacks" / "frugal" / "local.json"
        self.data = Path()
        self.row = ""

    def up(self, *options: str) -> tuple[int, str]:
        done = self.clone.frugal("up", *options)
        return done.returncode, done.stdout + done.stderr

    def stop(self) -> None:
        """End the daemon as a reboot would."""
        daemons.stop_all(self.place)

    def write_row(self) -> None:
        server = next(iter(self.clone.status()["postgres"].values()))
        self.data = Path(server["data"])
        if self.whole:
            url = self.clone.status()["urls"]["translator"]
            made = httpx.post(f"{url}api/rounds", json={"message": "kept"}, timeout=PATIENCE)
            assert made.status_code == 201, made.text
            self.row = made.headers["location"]
            return
        with self._rows() as connection:
            connection.execute("CREATE TABLE kept (text text)")
            connection.execute("INSERT INTO kept VALUES ('kept')")

    def has_row(self) -> bool:
        if self.whole:
            url = self.clone.status()["urls"]["translator"].rstrip("/")
            answer = httpx.get(url + self.row, timeout=PATIENCE)
            return answer.status_code == 200 and answer.json()["message"] == "kept"
        try:
            with self._rows() as connection:
                return connection.execute("SELECT text FROM kept").fetchall() == [("kept",)]
        except (psycopg.Error, StopIteration):
            return False

    def _rows(self) -> "psycopg.Connection[tuple[Any, ...]]":
        data = next(iter(self.clone.status()["postgres"].values()))["data"]
        return psycopg.connect(host=data, port=5432, user="azuresu", dbname="rows", autocommit=True)

    def faults(self, *, preview: bool = True) -> list[str]:
        """Everything that is not as it should be while the environment is up."""
        found = self.clone.status()
        wrong = [f"{k} is {v}" for k, v in found["health"].items() if v == "failed"]
        recorded = self.clone.state()
        known = {r["id"] for r in recorded["resources"] if r["type"].startswith("azure-native:")}
        there = {r["id"] for r in found["resources"]}
        if known != there:
            wrong.append(f"state and cloud differ: {sorted(known ^ there)}")
        wrong += [
            f"{name} does not answer"
            for name, url in found["urls"].items()
            if httpx.get(url, timeout=PATIENCE).status_code >= 500
        ]
        if preview:
            shown = self.clone.pulumi("preview", "-s", "local", "--expect-no-changes")
            if shown.returncode:
                wrong.append(f"the preview has changes: {shown.stdout[-300:]}")
        if len(daemons.find_unannounced(self.place)) != 1:
            wrong.append("not one daemon")
        return wrong


@dataclass(frozen=True, kw_only=True)
class Case:
    """One damage and what must become of it; `words` are among what `frugal up` says."""

    damage: Callable[[Environment], object]
    outcome: Outcome
    words: str = ""
    while_running: bool = False
    whole_only: bool = False


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def write_lock(e: Environment, content: str) -> None:
    lock = e.state / "locks" / "organization" / "frugal" / "local" / "x.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(content)


def take_port(e: Environment, part: str) -> socket.socket:
    ports = json.loads((e.cloud / "ports.json").read_text())
    return socket.create_server(
        ("127.0.0.1", next(port for name, port in ports.items() if part in name))
    )


def lose_store(e: Environment, *, copy: bool) -> None:
    (e.cloud / "resources").unlink()
    if copy:
        shutil.rmtree(e.place.state / "store")


def lose_state(e: Environment) -> None:
    shutil.rmtree(e.place.state)
    (e.cloud / "state.json").unlink()


def stranger(e: Environment) -> None:
    (e.data / "postmaster.pid").write_text(f"{os.getpid()}\n/tmp\n0\n5432\n.\n\n")


def kill_postgres(e: Environment) -> None:
    psutil.Process(e.clone.status()["postgres"].popitem()[1]["pid"]).kill()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def truncate_all(files: list[Path]) -> None:
    assert files
    for file in files:
        truncate(file)


GONE = "was restored from"
CASES: dict[str, Case] = {
    "nothing": Case(damage=lambda _: None, outcome="rebuilt"),
    "store-truncated": Case(
        damage=lambda e: truncate(e.cloud / "resources"), outcome="rebuilt", words=GONE
    ),
    "store-empty": Case(
        damage=lambda e: empty(e.cloud / "resources"), outcome="rebuilt", words=GONE
    ),
    "store-gone": Case(damage=lambda e: lose_store(e, copy=False), outcome="rebuilt", words=GONE),
    "store-and-copy-gone": Case(
        damage=lambda e: lose_store(e, copy=True),
        outcome="refused",
        words="and there is no copy of it. The rows of the database are still in",
    ),
    "store-key-gone": Case(
        damage=lambda e: (e.cloud / "resources.key").unlink(), outcome="rebuilt", words=GONE
    ),
    "store-key-garbage": Case(
        damage=lambda e: (e.cloud / "resources.key").write_bytes(b"x"),
        outcome="rebuilt",
        words=GONE,
    ),
    "store-half-written": Case(
        damage=lambda e: (e.cloud / "resources.new").write_bytes(b"half"), outcome="rebuilt"
    ),
    "tokens-key-gone": Case(
        damage=lambda e: (e.cloud / "tokens/tokens.key").unlink(), outcome="rebuilt"
    ),
    "tokens-key-empty": Case(
        damage=lambda e: empty(e.cloud / "tokens/tokens.key"), outcome="rebuilt"
    ),
    "authority-gone": Case(damage=lambda e: shutil.rmtree(e.cloud / "tls"), outcome="rebuilt"),
    "authority-truncated": Case(
        damage=lambda e: truncate(e.cloud / "tls/ca.key"), outcome="rebuilt"
    ),
    "ports-garbage": Case(
        damage=lambda e: (e.cloud / "ports.json").write_text("{"), outcome="rebuilt"
    ),
    "images-gone": Case(
        damage=lambda e: shutil.rmtree(e.cloud / "images"),
        outcome="rebuilt",
        words="is gone and is built again",
        whole_only=True,
    ),
    "image-virtualenv-gone": Case(
        damage=lambda e: shutil.rmtree(next((e.cloud / "images").glob("*/venv"))),
        outcome="rebuilt",
        words="is gone and is built again",
        whole_only=True,
    ),
    "image-records-truncated": Case(
        damage=lambda e: truncate_all(list((e.cloud / "images").glob("*.json"))),
        outcome="rebuilt",
        words="is gone and is built again",
        whole_only=True,
    ),
    "apps-gone": Case(
        damage=lambda e: shutil.rmtree(e.cloud / "apps"), outcome="rebuilt", whole_only=True
    ),
    "postgres-version-gone": Case(
        damage=lambda e: (e.data / "PG_VERSION").unlink(), outcome="rebuilt"
    ),
    "postgres-version-empty": Case(
        damage=lambda e: empty(e.data / "PG_VERSION"), outcome="rebuilt"
    ),
    "postgres-control-gone": Case(
        damage=lambda e: (e.data / "global/pg_control").unlink(),
        outcome="refused",
        words="global/pg_control is gone or empty. The rows are still in that folder",
    ),
    "postgres-data-gone": Case(
        damage=lambda e: shutil.rmtree(e.data), outcome="lost", words="and with it all its rows"
    ),
    "postgres-pid-of-another": Case(damage=stranger, outcome="rebuilt"),
    "state-gone": Case(
        damage=lambda e: shutil.rmtree(e.place.state), outcome="rebuilt", words=GONE
    ),
    "state-and-copies-gone": Case(
        damage=lose_state,
        outcome="refused",
        words="no copy of it can be read. The rows of the database are still in",
    ),
    "stack-truncated": Case(damage=lambda e: truncate(e.stack), outcome="rebuilt", words=GONE),
    "stack-empty": Case(damage=lambda e: empty(e.stack), outcome="rebuilt", words=GONE),
    "stack-gone": Case(damage=lambda e: e.stack.unlink(), outcome="rebuilt", words=GONE),
    "stack-attributes-empty": Case(
        damage=lambda e: empty(e.stack.with_name("local.json.attrs")), outcome="rebuilt"
    ),
    "backend-record-garbage": Case(
        damage=lambda e: (e.state / "meta.yaml").write_text("{{{"), outcome="rebuilt"
    ),
    "lock-truncated": Case(damage=lambda e: write_lock(e, '{"pid": 1'), outcome="rebuilt"),
    "lock-of-another-machine": Case(
        damage=lambda e: write_lock(
            e,
            json.dumps(
                {
                    "pid": 1,
                    "username": "x",
                    "hostname": "another",
                    "timestamp": "2020-01-01T00:00:00Z",
                }
            ),
        ),
        outcome="rebuilt",
    ),
    "pulumi-home-gone": Case(damage=lambda e: shutil.rmtree(e.place.home), outcome="rebuilt"),
    "executables-gone": Case(damage=lambda e: shutil.rmtree(e.place.bin), outcome="rebuilt"),
    "tool-lock-garbage": Case(
        damage=lambda e: e.place.lock.write_bytes(b"\xff\xfe"), outcome="rebuilt"
    ),
    "daemon-record-gone": Case(
        damage=lambda e: (e.cloud / "daemon.json").unlink(), outcome="rebuilt", while_running=True
    ),
    "daemon-record-garbage": Case(
        damage=lambda e: (e.cloud / "daemon.json").write_text("{"),
        outcome="rebuilt",
        while_running=True,
    ),
    "daemon-lock-gone": Case(
        damage=lambda e: (e.cloud / "daemon.lock").unlink(), outcome="rebuilt", while_running=True
    ),
    "cloud-gone": Case(
        damage=lambda e: shutil.rmtree(e.cloud, ignore_errors=True),
        outcome="lost",
        words="and with it all its rows",
        while_running=True,
    ),
    "postgres-killed": Case(damage=kill_postgres, outcome="rebuilt", while_running=True),
    "port-of-daemon-taken": Case(
        damage=lambda e: take_port(e, "resource-manager"), outcome="refused", words="is taken"
    ),
    "port-of-database-taken": Case(
        damage=lambda e: take_port(e, "flexibleservers"), outcome="refused", words="is taken"
    ),
    "port-of-tunnel-taken": Case(
        damage=lambda e: take_port(e, "tunnel"),
        outcome="refused",
        words="is taken",
        whole_only=True,
    ),
    "port-of-site-taken": Case(
        damage=lambda e: take_port(e, "sites/"), outcome="refused", words="is taken"
    ),
}


def judge(e: Environment, case: Case, snapshot: Path) -> list[str]:
    """Deviations from the case's expected outcome after its damage."""
    held = case.damage(e)
    before = listed(e.data)
    code, said = e.up()
    wrong = [] if case.words in said else [f"it does not say {case.words!r}: {said[-500:]}"]
    if "Traceback" in said:
        wrong.append(f"a traceback: {said[-500:]}")
    if (code == 0) != (case.outcome == "rebuilt"):
        return [*wrong, f"exit code {code}: {said[-500:]}"]
    if case.outcome == "lost":
        code, said = e.up("--accept-data-loss")
        return wrong + (e.faults() if code == 0 else [f"it does not begin anew: {said[-500:]}"])
    if case.outcome == "refused":
        if not before <= listed(e.data):
            wrong.append("files of the database's tables are gone")
        if isinstance(held, socket.socket):
            held.close()
        else:
            restore(e, snapshot)
        code, said = e.up()
        if code != 0:
            return [*wrong, f"once that is mended: {said[-500:]}"]
    return wrong + e.faults() + ([] if e.has_row() else ["the row is gone"])


def listed(data: Path) -> set[str]:
    """The files of the database's tables."""
    return {str(file) for file in data.glob("base/*/[0-9]*")}


def restore(e: Environment, snapshot: Path) -> None:
    e.stop()
    shutil.rmtree(e.local, ignore_errors=True)
    subprocess.run(["cp", "-a", snapshot, e.local], check=True)


def attempt(e: Environment, name: str, snapshot: Path) -> list[str]:
    """Try one case from the snapshot, and print how it went."""
    case = CASES[name]
    restore(e, snapshot)
    if case.while_running:
        code, said = e.up()
        assert code == 0, said
    begun = time.monotonic()
    wrong = judge(e, case, snapshot)
    seconds = time.monotonic() - begun
    print(f"{name:26}{case.outcome:10}{seconds:5.0f} s  {'; '.join(wrong) or 'as expected'}")
    sys.stdout.flush()
    return wrong


def main() -> int:
    """Try the cases; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--whole", action="store_true", help="the whole program")
    parser.add_argument("--only", help="cases, separated by commas")
    parser.add_argument("--list", action="store_true", help="print the cases with their outcomes")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(CASES)
    if unknown := [name for name in names if name not in CASES]:
        parser.error(f"no such case: {', '.join(unknown)}; --list shows all")
    if given.list:
        print("\n".join(f"{name:26}{case.outcome}" for name, case in CASES.items()))
        return 0
    names = [name for name in names if given.whole or not CASES[name].whole_only]
    with tempfile.TemporaryDirectory(prefix="frugal-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        root = Path(folder).resolve() / "clone"
        copy_checkout(root)
        if not given.whole:
            program = Path(__file__).with_name("small_program.py")
            shutil.copy(program, root / "infra" / "__main__.py")
        e = Environment(root, whole=given.whole)
        set_up = e.clone.run("make", "setup")
        assert set_up.returncode == 0, set_up.stderr
        try:
            code, said = e.up()
            assert code == 0, said
            e.write_row()
            e.stop()
            snapshot = Path(folder) / "snapshot"
            subprocess.run(["cp", "-a", e.local, snapshot], check=True)
            failed = [name for name in names if attempt(e, name, snapshot)]
        finally:
            e.clone.frugal("down", "--yes")
    print(
        f"{len(names) - len(failed)} of {len(names)} as expected."
        f" Failed: {', '.join(failed) or '-'}."
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
