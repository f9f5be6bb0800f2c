"""Killed at any moment: the next `frugal up` ends in the same state by itself."""

import fcntl
import os
import shutil
import signal
import subprocess

import psutil

from tests.engine.clone import DECLARED, PATIENCE, Clone, kill, plugins, until


def assert_mended(clone: Clone) -> str:
    """The next run succeeds and leaves what is declared, no more and no less; what it said."""
    clone.release()
    up = clone.frugal("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert clone.resources() == DECLARED
    assert not clone.state().get("pending_operations")
    return up.stdout


def test_engine_killed(clone: Clone) -> None:
    running = clone.begin_held()
    for pid in clone.engine_pids():
        kill(pid)
    assert running.wait(PATIENCE) == 1
    (said,) = [li for li in (clone.root / "output").read_text().splitlines() if "Error:" in li]
    assert "The engine was killed (signal 9)" in said
    assert "Run `make up` again" in said
    # Its plugins watch their standard input, so none outlives it.
    until(lambda: not plugins(clone))
    assert clone.state()["pending_operations"]
    assert_mended(clone)


def test_what_a_kill_left_behind_is_cleared_away(clone: Clone) -> None:
    """Hosts, a lock and attributes at once.

    A dynamic host into which no provider was loaded, so that nothing in it watches the engine. A
    language host: the official one outlives a killed engine by minutes, with the descriptors it was
    given, of which one holds the checkout's lock. A lock of the engine that was half written on a
    full disk: it has the name of a temporary file, and the engine reads it as a lock all the same.
    Empty `.attrs` files: the engine writes one beside each file of its state, and not in one step.
    """
    clone.ensure_up()
    python = clone.root / ".venv" / "bin" / "python"
    dynamic = subprocess.Popen(
        [python, "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"],
        cwd=clone.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert dynamic.stdout is not None
    assert dynamic.stdout.readline().strip().isdigit()
    lock = clone.root / ".frugal" / "local.lock"
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        language = subprocess.Popen(
            ["pulumi-language-python", "600"],
            executable="sleep",
            cwd=clone.root,
            pass_fds=[file.fileno()],
        )
    state = clone.root / ".frugal" / "local" / "state"
    locks = state / ".pulumi" / "locks" / "organization" / "frugal" / "local"
    half = locks / "9bb1a851.json.18ec474709114c5b.tmp"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.touch()
    attributes = list(state.rglob("*.attrs"))
    assert {"local.json.attrs", "meta.yaml.attrs"} <= {one.name for one in attributes}
    for one in attributes:
        one.write_bytes(b"")
    assert "unchanged" in assert_mended(clone)
    assert dynamic.wait(PATIENCE) == language.wait(PATIENCE) == -signal.SIGKILL
    assert not half.exists()


def test_command_killed_and_engine_goes_on(clone: Clone) -> None:
    running = clone.begin_held()
    kill(running.pid)
    running.wait()
    assert clone.engine_pids()
    waiting = clone.begin("up")
    until(lambda: "is still working. Waiting" in (clone.root / "output").read_text())
    clone.release()
    assert waiting.wait(PATIENCE) == 0, (clone.root / "output").read_text()
    assert not clone.state().get("pending_operations")


def test_daemon_killed(clone: Clone) -> None:
    running = clone.begin_held()
    pid = clone.daemon_pid()
    kill(pid)
    shown = clone.frugal("status")
    assert (shown.returncode, "Nothing is running" in shown.stderr) == (1, True)
    clone.release()
    assert running.wait(PATIENCE) == 1
    output = (clone.root / "output").read_text()
    assert "has ended or was killed" in output
    assert "Run `make up` again" in output
    assert "Traceback" not in output
    assert_mended(clone)
    assert clone.daemon_pid() != pid


def test_interrupted(clone: Clone) -> None:
    running = clone.begin_held()
    running.send_signal(signal.SIGINT)
    until(lambda: "Stopping: " in (clone.root / "output").read_text())
    # The engine must not hear a second one: it would break off what is under way.
    running.send_signal(signal.SIGINT)
    until(lambda: "Still stopping" in (clone.root / "output").read_text())
    clone.release()
    assert running.wait(PATIENCE) == 130
    output = (clone.root / "output").read_text()
    assert "Stopped; nothing is lost. Run `make up` again" in output
    assert "Traceback" not in output
    # What was under way is recorded, so there is nothing to mend.
    assert not clone.state().get("pending_operations")
    assert any("held" in r["urn"] for r in clone.state()["resources"])


def test_interrupted_on_a_terminal(clone: Clone) -> None:
    running, keyboard, shown = clone.begin_held_on_terminal()
    os.write(keyboard, b"\x03")
    until(lambda: b"Stopping: " in shown)
    clone.release()
    assert running.wait(PATIENCE) == 130
    until(lambda: b"Stopped; nothing is lost." in shown)
    os.close(keyboard)
    assert not clone.state().get("pending_operations")
    assert_mended(clone)


def test_down_when_the_state_was_lost(clone: Clone) -> None:
    clone.ensure_up()
    shutil.rmtree(clone.root / ".frugal" / "local" / "state")
    down = clone.frugal("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert_nothing_left(clone)


def test_down_when_the_cloud_is_damaged(clone: Clone) -> None:
    clone.ensure_up()
    daemon = psutil.Process(clone.daemon_pid())
    kill(daemon.pid)
    (clone.cloud / "resources").write_bytes(b"\0" * 100)
    down = clone.frugal("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert "2 resources, destroyed by the engine" in down.stdout
    assert_nothing_left(clone)


def test_down_after_everything_was_killed(clone: Clone) -> None:
    running = clone.begin_held()
    for pid in [running.pid, *clone.engine_pids(), clone.daemon_pid()]:
        kill(pid)
    running.wait()
    down = clone.frugal("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert_nothing_left(clone)


def assert_nothing_left(clone: Clone) -> None:
    assert not (clone.root / ".frugal" / "local").exists()
    until(lambda: clone.processes() == [])


def test_a_daemon_of_other_code_gives_way(clone: Clone) -> None:
    assert clone.frugal("env").returncode == 0
    pid = clone.daemon_pid()
    newer = clone.root / "frugal" / "newer.py"
    newer.write_text("# as after `git pull`\n")
    assert_mended(clone)
    assert clone.daemon_pid() != pid
    newer.unlink()


def test_a_daemon_whose_folder_is_gone_ends(clone: Clone) -> None:
    assert clone.frugal("env").returncode == 0
    daemon = psutil.Process(clone.daemon_pid())
    family = [daemon, *daemon.children(recursive=True)]
    shutil.rmtree(clone.root / ".frugal" / "local")
    _gone, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert alive == []
    assert_mended(clone)


def test_a_daemon_follows_the_network_of_its_user(clone: Clone) -> None:
    frugal = str(clone.root / ".venv" / "bin" / "frugal")
    assert clone.run(frugal, "up", https_proxy="http://127.0.0.1:9").returncode == 0
    pid = clone.daemon_pid()
    assert clone.frugal("env").returncode == 0
    assert clone.daemon_pid() != pid
