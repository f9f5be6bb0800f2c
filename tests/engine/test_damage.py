"""Files that are lost or damaged: what `frugal` says and rebuilds.

`python -m tests.faults.damage` tries every damage, with a database.
"""

import os
import shutil
from collections.abc import Callable

import psycopg
import pytest

from frugal.local import daemon as daemons
from frugal.paths import Checkout
from tests.engine.clone import Clone
from tests.engine.conftest import ROOT
from tests.engine.test_recovery import assert_mended


def up(clone: Clone) -> str:
    done = clone.frugal("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + " ".join(done.stderr.split())


def lose_state(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".frugal" / "local" / "state" / ".pulumi")


def truncate_stack(clone: Clone) -> None:
    stack = clone.root / ".frugal" / "local" / "state" / ".pulumi/stacks/frugal/local.json"
    stack.write_bytes(stack.read_bytes()[:100])


def lose_store(clone: Clone) -> None:
    clone.stop_daemon()
    (clone.cloud / "resources").unlink()


@pytest.mark.parametrize("damage", [lose_state, truncate_stack, lose_store])
def test_a_lost_record_is_restored_from_its_copy(
    clone: Clone, damage: Callable[[Clone], None]
) -> None:
    clone.ensure_up()
    ids = [r["id"] for r in clone.status()["resources"]]
    damage(clone)
    said = up(clone)
    assert "restored from" in said
    assert "unchanged" in said
    assert [r["id"] for r in clone.status()["resources"]] == ids


def test_a_daemon_without_its_record_is_restarted(clone: Clone) -> None:
    clone.ensure_up()
    record, pid = clone.cloud / "daemon.json", clone.daemon_pid()
    for damage in (lambda: record.write_text("{"), record.unlink):
        damage()
        shown = clone.frugal("status")
        assert shown.returncode == 1
        assert "The daemon that runs here does not respond" in " ".join(shown.stderr.split())
    assert_mended(clone)
    assert daemons.find_unannounced(Checkout(clone.root)) == [clone.daemon_pid()] != [pid]


def test_env_says_what_up_would_mend(clone: Clone) -> None:
    clone.ensure_up()
    daemon = daemons.find(Checkout(clone.root))
    assert daemon is not None
    daemon.sweep("frugal", [])
    shown = clone.frugal("env")
    assert shown.returncode == 0
    assert "2 resources are gone, 0 are not in the state." in " ".join(shown.stderr.split())
    assert "missing, created again" in up(clone)
    assert clone.frugal("env").stderr == ""


@pytest.mark.parametrize("home", ["/dev/null", "/proc/none"])
def test_a_home_that_is_no_folder_is_named(prepared: Clone, home: str) -> None:
    frugal = str(prepared.root / ".venv" / "bin" / "frugal")
    done = prepared.run(frugal, "up", HOME=home, XDG_CACHE_HOME="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {home}/.cache/frugal, where built tools")
    assert "Set HOME" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_rows_are_asked_for_before_they_go(clone: Clone) -> None:
    small = ROOT / "tests" / "faults" / "small_program.py"
    (clone.root / "infra" / "__main__.py").write_text(small.read_text())
    up(clone)
    (server,) = clone.status()["postgres"].values()
    # By its descriptor: the path of the socket is too long.
    folder = os.open(server["data"], os.O_RDONLY)
    with psycopg.connect(
        host=f"/proc/self/fd/{folder}", port=5432, user="azuresu", dbname="rows", autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE kept (text text)")
        connection.execute("INSERT INTO kept VALUES ('kept')")
    os.close(folder)
    refused = clone.frugal("down")
    assert refused.returncode == 1
    assert "/rows.public.kept: 1 rows" in refused.stderr
    assert "Nothing was deleted." in refused.stderr
    assert "frugal down --yes (make down YES=1)" in refused.stderr
    assert clone.status()["health"]["postgres"] == "healthy"

    clone.stop_daemon()
    shutil.rmtree(server["data"])
    lost = clone.frugal("up")
    assert lost.returncode == 1
    assert "and with it all its rows" in lost.stderr
    assert "frugal up --accept-data-loss" in lost.stderr
    assert clone.frugal("up", "--accept-data-loss").returncode == 0

    down = clone.run("make", "down")
    assert down.returncode == 0, down.stderr
    assert not (clone.root / ".frugal" / "local").exists()
