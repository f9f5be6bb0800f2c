"""Real children of real parents. End of file on a child's own output says that it is gone."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from frugal.cloud.spawn import Reaper, RunAs, gate

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


async def test_a_child_becomes_the_user_with_its_groups_and_no_right_more(
    reaper: Reaper, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    other = RunAs(user=NOBODY, groups=(NOBODY - 1, NOBODY - 2))
    process = await reaper.spawn(
        (
            "/bin/sh",
            "-c",
            "id -u; id -g; id -G; umask; grep -E 'Cap(Eff|Prm|Amb)' /proc/self/status",
        ),
        cwd=Path("/"),
        env={},
        log=log,
        user=other if ROOT else None,
    )
    assert await process.wait() == 0
    user, group, groups, umask, *capabilities = log.read_text().splitlines()
    assert umask == "0022"
    if ROOT:
        assert [user, group, groups] == ["65534", "65533", "65533 65532"]
        assert {line.split()[1] for line in capabilities} == {"0" * 16}
    else:
        assert user == str(os.geteuid())
