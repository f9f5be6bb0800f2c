"""`frugal` in this process: arguments and standard input in; exit code and both outputs out."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from frugal.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def frugal(*arguments: str, given: bytes = b"") -> Ran:
    # As strict with characters as a terminal's and a pipe's streams.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    stdin = io.TextIOWrapper(io.BytesIO(given))
    code = 0
    with (
        patch.object(sys, "argv", ["frugal", *arguments]),
        patch.object(sys, "stdin", stdin),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    texts: list[str] = []
    for stream in (out, err):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        texts.append(stream.buffer.getvalue().decode())
    return Ran(code, *texts)
