"""Killed at any moment: the next `frugal up` ends in the same state by itself."""

import shutil
import signal

import psutil
import pytest

from tests.engine.clone import Clone, kill, until

DECLARED = ["ResourceGroup", "UserAssignedIdentity"]


def assert_mended(clone: Clone) -> None:
    """The next run succeeds, nothing is left over, and there is nothing more to change."""
    clone.release()
    up = clone.frugal("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert clone.resources() == DECLARED
    preview = clone.pulumi("preview", "-s", "local", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout
    export = clone.pulumi("stack", "export", "-s", "local").stdout
    assert '"pending_operations"' not in export


def test_engine_killed(clone: Clone) -> None:
    running = clone.begin_held()
    for pid in clone.engine_pids():
        kill(pid)
    assert running.wait(30) == 1
    # Its plugins watch their standard input, so none outlives it.
    until(lambda: not any("frugal.hosts" in line for line in clone.processes()))
    assert_mended(clone)


def test_what_the_state_does_not_know_goes_first(clone: Clone) -> None:
    running = clone.begin_held()
    # The engine asks for the identity, and dies before it hears that it was made.
    daemon = psutil.Process(clone.daemon_pid())
    daemon.suspend()
    clone.release()
    until(lambda: "identity creating" in (clone.root / "output").read_text())
    for pid in clone.engine_pids():
        kill(pid)
    daemon.resume()
    assert running.wait(30) == 1
    until(lambda: clone.resources() == DECLARED)
    assert_mended(clone)


def test_command_killed_and_engine_goes_on(clone: Clone) -> None:
    running = clone.begin_held()
    kill(running.pid)
    running.wait()
    assert clone.engine_pids()
    waiting = clone.begin("up")
    until(lambda: "still works. Waiting" in (clone.root / "output").read_text())
    clone.release()
    assert waiting.wait(60) == 0, (clone.root / "output").read_text()
    assert_mended(clone)


def test_daemon_killed(clone: Clone) -> None:
    running = clone.begin_held()
    kill(clone.daemon_pid())
    clone.release()
    assert running.wait(60) == 1
    assert_mended(clone)


def test_daemon_killed_between_runs(clone: Clone) -> None:
    assert clone.frugal("up").returncode == 0
    pid = clone.daemon_pid()
    kill(pid)
    assert clone.frugal("status").returncode == 1
    assert_mended(clone)
    assert clone.daemon_pid() != pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(clone: Clone, number: signal.Signals) -> None:
    running = clone.begin_held()
    running.send_signal(number)
    until(lambda: "ancel" in (clone.root / "output").read_text())
    # The engine must not hear a second one: it would break off what is under way.
    running.send_signal(number)
    until(lambda: "Still stopping" in (clone.root / "output").read_text())
    clone.release()
    assert running.wait(60) == 130
    output = (clone.root / "output").read_text()
    assert "Stopped; nothing is lost. Run `make up` again" in output
    assert "Traceback" not in output
    # What was under way is recorded, so there is nothing to mend.
    assert '"pending_operations"' not in clone.pulumi("stack", "export", "-s", "local").stdout
    assert_mended(clone)


def test_down_after_everything_was_killed(clone: Clone) -> None:
    running = clone.begin_held()
    pids = [running.pid, *clone.engine_pids(), clone.daemon_pid()]
    for pid in pids:
        kill(pid)
    running.wait()
    down = clone.frugal("down")
    assert down.returncode == 0, down.stderr
    assert_nothing_left(clone)


@pytest.mark.parametrize("lost", ["state", "cloud", "pulumi"])
def test_down_when_a_part_was_lost(clone: Clone, lost: str) -> None:
    assert clone.frugal("up").returncode == 0
    shutil.rmtree(clone.root / ".frugal" / "local" / lost)
    down = clone.frugal("down")
    assert "gone" in down.stdout + down.stderr
    assert_nothing_left(clone)


def test_down_when_the_cloud_is_damaged(clone: Clone) -> None:
    assert clone.frugal("up").returncode == 0
    clone.stop_daemon()
    damaged = next(f for f in (clone.cloud / "resources", clone.cloud / "store") if f.exists())
    damaged.write_bytes(b"\0" * 100)
    down = clone.frugal("down")
    assert down.returncode == 1
    assert "nothing is left" in down.stderr
    assert_nothing_left(clone)


def assert_nothing_left(clone: Clone) -> None:
    assert not (clone.root / ".frugal" / "local").exists()
    until(lambda: clone.processes() == [], seconds=10)


def test_locks_of_a_dead_run_hold_nobody_up(clone: Clone) -> None:
    (clone.root / ".frugal" / "local.lock").write_text("999999 frugal up")
    assert clone.frugal("up").returncode == 0
