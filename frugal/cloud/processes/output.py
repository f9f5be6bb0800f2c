"""What a process prints, line by line."""

import asyncio
import os
from collections.abc import Callable

_LONGEST_LINE = 64 * 1024


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
