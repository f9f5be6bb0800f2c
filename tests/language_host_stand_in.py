"""A stand-in for the official Python language host, which no package registry has.

It does what the official one does before a program runs (pulumi 3.260, read in November 2026:
sdk/python/cmd/pulumi-language-python/main.go and sdk/python/toolchain/pip.go): the virtualenv is
looked for from the project's root, and its packages are listed with `python -m pip list`; both
failures have the official texts. The rest is `frugal.local.hosts.language`.
"""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import grpc.aio
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pulumi.runtime.proto import language_pb2, plugin_pb2

from frugal.local.hosts import language

# What must not reach the program: it came from the launcher of this stand-in.
os.environ.pop("PYTHONPATH", None)


class StandIn(language.LanguageHost):
    """Our own language host with the official one's first steps."""

    async def GetRequiredPackages(  # noqa: N802
        self, request: bytes, context: grpc.aio.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        info = language_pb2.GetRequiredPackagesRequest.FromString(request).info
        python = await _python(info, context)
        command = [str(python), "-m", "pip", "list", "--format", "json"]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = f"calling `{' '.join(command)}`: exit status {done.returncode}"
            await context.abort(grpc.StatusCode.UNKNOWN, said)
        packages = [
            plugin_pb2.PackageDependency(
                name="azure-native", kind="resource", version=f"v{entry['version']}"
            )
            for entry in json.loads(done.stdout)
            if entry["name"].replace("_", "-") == "pulumi-azure-native"
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    async def Run(  # noqa: N802
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> Message:
        await _python(request.info, context)
        return await super().Run(request, context)


async def _python(info: Any, context: grpc.aio.ServicerContext) -> Path:
    """The virtualenv's interpreter; a missing virtualenv fails the call in the official words."""
    option = MessageToDict(info.options)["virtualenv"]
    folder = Path(info.root_directory) / option
    python = folder / "bin" / "python"
    if not python.exists():
        missing = not folder.exists()
        problem = "doesn't exist" if missing else "doesn't appear to be a virtual environment"
        option_text = f"The 'virtualenv' option in Pulumi.yaml is set to \"{option}\""
        await context.abort(grpc.StatusCode.UNKNOWN, f'{option_text}, but "{folder}" {problem}')
    return python


if __name__ == "__main__":
    language.main(StandIn)
