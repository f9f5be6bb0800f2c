"""The output of a process, line by line."""

import asyncio
import contextlib
import os
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from frugal.cloud.spawn.reaper import DAEMON, Reaper, RunAs

_LONGEST_LINE = 64 * 1024
# Seconds that the last output of a process may take to come out of its pipe.
_LAST_OUTPUT = 5.0


@contextlib.asynccontextmanager
async def printing(
    reaper: Reaper,
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    take: Callable[[str], None],
    user: RunAs = DAEMON,
) -> AsyncGenerator[Process]:
    """Start a program as `Reaper.spawn` does, passing each line of its output to `take`.

    At the end the program is killed if it still runs, and its last output is waited for. Raises
    OSError when it can't be started.
    """
    ours, theirs = os.pipe()
    reading = asyncio.create_task(follow(ours, take))
    try:
        process = await reaper.spawn(argv, cwd=cwd, env=env, log=theirs, user=user)
    finally:
        os.close(theirs)
    try:
        yield process
    finally:
        if process.returncode is None:
            reaper.kill(process)
            await process.wait()
        # Another process that still holds the pipe is not waited for.
        await asyncio.wait((reading,), timeout=_LAST_OUTPUT)
        reading.cancel()


async def follow(descriptor: int, take: Callable[[str], None]) -> None:
    """Hand each line that comes out of a pipe to `take`, until its last writer has ended.

    The descriptor is closed at the end. A line of more than 64 KiB comes in parts.
    """
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        rest = b""
        while chunk := await reader.read(_LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                take(_text(line))
        if rest:
            take(_text(rest))
    finally:
        transport.close()


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
