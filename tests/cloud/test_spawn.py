"""Real children of real parents. End of file on a child's own output says that it is gone."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from frugal.cloud.spawn import Reaper, gate
from frugal.cloud.spawn.user import RunAs, run_as

ROOT = os.geteuid() == 0
NOBODY = 65534
# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 60


async def spawn(reaper: Reaper, code: str, log: Path | int, **options: object) -> int:
    process = await reaper.spawn(
        (sys.executable, "-c", code), cwd=Path("/"), env={}, log=log, **options
    )
    return await process.wait()


# A parent that starts a child which starts one more; each holds the parent's standard output.
PARENT = """
import asyncio, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
from pathlib import Path
from frugal.cloud.spawn import Reaper

GRANDCHILD = "import time; print(2, flush=True); time.sleep(600)"
CHILD = (
    "import subprocess, sys; print(1, flush=True); "
    f"subprocess.run([sys.executable, '-c', {GRANDCHILD!r}])"
)

async def main():
    reaper = Reaper()
    await reaper.start()
    await reaper.spawn([sys.executable, "-c", CHILD], cwd=Path("/"), env={}, log=1)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_children_die_with_the_daemon(how: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=PIPE, start_new_session=True
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"1\n"
    assert await parent.stdout.readline() == b"2\n"
    parent.send_signal(how)
    async with asyncio.timeout(PATIENCE):
        assert await parent.stdout.read() == b""
    await parent.wait()


def test_a_child_that_the_guard_does_not_know_never_begins() -> None:
    closed = subprocess.run(
        [sys.executable, "-I", "-S", gate.__file__, "-", "-", "/bin/echo", "began"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (closed.returncode, closed.stdout) == (gate.NEVER_OPENED, b"")


async def test_a_killed_guard_is_replaced(reaper: Reaper, tmp_path: Path) -> None:
    process = await reaper.spawn(
        ("sleep", "600"), cwd=tmp_path, env={"PATH": os.defpath}, log=tmp_path / "log"
    )
    guard = reaper._guard
    assert guard is not None
    guard.kill()
    await guard.wait()
    async with asyncio.timeout(PATIENCE):
        while reaper._guard is guard:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0)
    # The new guard knows of the child: it kills it when its own input closes.
    assert reaper._guard.stdin is not None
    reaper._guard.stdin.close()
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == -signal.SIGKILL


async def test_the_environment_is_exactly_what_is_given(
    reaper: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "secret")
    log = tmp_path / "log"
    process = await reaper.spawn(
        ("env",), cwd=tmp_path, env={"PATH": os.defpath, "odd.name": "x=y"}, log=log
    )
    assert await process.wait() == 0
    assert sorted(log.read_text().split()) == sorted([f"PATH={os.defpath}", "odd.name=x=y"])


async def test_a_child_has_a_group_and_no_input(reaper: Reaper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, sys; print(os.getpgid(0) == os.getpid() == os.getsid(0), sys.stdin.read())"
    assert await spawn(reaper, code, log) == 0
    assert log.read_text() == "True \n"


async def test_what_cannot_be_run_is_said_in_the_log(reaper: Reaper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = await reaper.spawn(("no-such-program",), cwd=tmp_path, env={}, log=log)
    assert await process.wait() == gate.CANNOT_RUN
    assert log.read_text() == "no-such-program cannot be run: No such file or directory\n"


async def output_of(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader


async def test_what_a_child_leaves_behind_is_killed(reaper: Reaper) -> None:
    ours, theirs = os.pipe()
    code = "import subprocess; subprocess.Popen(['/bin/sleep', '600']); print('left', flush=True)"
    assert await spawn(reaper, code, theirs) == 0
    os.close(theirs)
    output = await output_of(ours)
    async with asyncio.timeout(PATIENCE):
        assert await output.read() == b"left\n"


async def test_terminate_asks_first_and_kills_after_the_grace(
    reaper: Reaper, tmp_path: Path
) -> None:
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, {}); "
    code += "print(1, flush=True); time.sleep(600)"
    polite = code.format("lambda *_: sys.exit(7)")
    stubborn = code.format("signal.SIG_IGN")
    for code, grace, status in ((polite, PATIENCE, 7), (stubborn, 0.05, -signal.SIGKILL)):
        ours, theirs = os.pipe()
        process = await reaper.spawn((sys.executable, "-c", code), cwd=tmp_path, env={}, log=theirs)
        os.close(theirs)
        output = await output_of(ours)
        assert await output.readline() == b"1\n"
        assert await reaper.terminate(process, grace=grace) == status


async def test_root_becomes_the_user_and_no_one_else_does(reaper: Reaper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    found = await run_as(NOBODY, Path("/"))
    process = await reaper.spawn(
        ("/bin/sh", "-c", "id -u; id -g; id -G"), cwd=Path("/"), env={}, log=log, user=found
    )
    assert await process.wait() == 0
    if ROOT:
        assert log.read_text().split() == [str(NOBODY)] * 3
        assert found == RunAs(user=NOBODY)
    else:
        assert log.read_text().split()[0] == str(os.geteuid())
        assert found == RunAs(note=found.note)
        assert "not honoured" in str(found.note)


async def test_a_closed_folder_is_got_over_and_said(reaper: Reaper, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text("#!/bin/sh\nid -u\necho x > written || echo cannot write\n")
    program.chmod(0o755)
    found = await run_as(NOBODY, program)
    log = tmp_path / "log"
    process = await reaper.spawn((str(program),), cwd=closed, env={}, log=log, user=found)
    assert await process.wait() == 0
    lines = log.read_text().splitlines()
    if found.prefix:
        assert lines[0] == str(NOBODY)
        # Docker's root lacks the smaller right: there the program may write, too, and that is said.
        reads_only = "CAP_DAC_READ_SEARCH" in str(found.note)
        assert reads_only or "CAP_DAC_OVERRIDE" in str(found.note)
        assert (lines[-1] == "cannot write") is reads_only
    else:
        assert lines == [str(os.geteuid())]
        assert "not honoured" in str(found.note)


async def test_nobody_asked_for_is_nothing_to_say() -> None:
    assert await run_as(None) == RunAs()
    assert await run_as(os.geteuid()) == RunAs()
