"""The official Pulumi distribution's layout: CLI, SDK's scripts and language host in one folder.

The CLI and both scripts are the real ones, as the build of `tools/pulumi` has them. The official
Python language host is on no package registry, so a stand-in takes its place
(`tests/language_host_stand_in.py`).
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console

from frugal.local.toolchain import DYNAMIC_HOST, EXECUTOR, built_cli, declared_version, ensure_cli
from frugal.paths import checkout

STAND_IN = Path(__file__).with_name("language_host_stand_in.py")


def lay_out(folder: Path) -> Path:
    """Make `folder` a distribution; an official one on PATH is used instead, and returned."""
    cli = ensure_cli(checkout(), Console(stderr=True))
    if not cli.built:
        return cli.binary.parent
    folder.mkdir()
    built = built_cli(declared_version(checkout())).parent
    for name in ("pulumi", EXECUTOR, DYNAMIC_HOST):
        shutil.copy2(built / name, folder / name)
    host = folder / "pulumi-language-python"
    command = shlex.join([sys.executable, str(STAND_IN), str(folder / EXECUTOR)])
    host.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(os.fspath(checkout().root))}\n"
        f'export PYTHONPATH\nexec {command} "$@"\n'
    )
    host.chmod(0o755)
    return folder
