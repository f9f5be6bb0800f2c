"""The language host, which `pulumi` starts as `pulumi-language-python` to run a Python program.

It serves the engine's LanguageRuntime (Pulumi's `proto/pulumi/language.proto`, read in November
2026): the first line on standard output is its port. The program is run as the official host runs
it: `python -u pulumi-language-python-exec …` in the virtualenv that Pulumi.yaml names, which is
first on PATH.
"""

import asyncio
import contextlib
import json
import os
import sys
from functools import partial
from pathlib import Path

import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import (
    LanguageRuntimeServicer,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)

from frugal import peers

# Exit code of the SDK's script for an error that the user has already seen.
_ALREADY_SHOWN = 32


class LanguageHost(LanguageRuntimeServicer):
    """Runner of programs by the script `executor`; `engine` is the engine's address (host:port)."""

    def __init__(self, engine: str, executor: Path) -> None:
        self._engine = engine
        self._executor = executor
        self._programs: set[asyncio.subprocess.Process] = set()

    async def GetPluginInfo(self, request: Empty, context: object) -> plugin_pb2.PluginInfo:
        """Return no version: the CLI needs none of a bundled host."""
        return plugin_pb2.PluginInfo()

    async def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: object
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Return no packages: the engine loads a provider when the first resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    async def Run(
        self, request: language_pb2.RunRequest, context: object
    ) -> language_pb2.RunResponse:
        """Run the program to its end."""
        info = request.info
        virtualenv = MessageToDict(info.options).get("virtualenv")
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        python = sys.executable
        if virtualenv:
            folder = Path(info.root_directory) / virtualenv / "bin"
            python = str(folder / "python")
            path = environment.get("PATH", os.defpath)
            environment["PATH"] = os.pathsep.join([str(folder), path])
            environment.pop("PYTHONHOME", None)
        arguments = [
            "--monitor", request.monitor_address,
            "--engine", self._engine,
            "--project", request.project,
            "--root_directory", info.root_directory,
            "--stack", request.stack,
            "--pwd", request.pwd,
            "--dry_run", "true" if request.dryRun else "false",
            "--parallel", str(request.parallel),
            "--organization", request.organization,
            str(Path(info.program_directory) / info.entry_point),
        ]  # fmt: skip
        try:
            program = await asyncio.create_subprocess_exec(
                *(python, "-u", self._executor, *arguments, *request.args),
                cwd=request.pwd,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
            )
        except FileNotFoundError:
            error = f"Pulumi.yaml names the virtualenv {virtualenv}, but {python} is missing."
            return language_pb2.RunResponse(error=f"{error} Run `make setup`, which creates it.")
        self._programs.add(program)
        code = await program.wait()
        self._programs.discard(program)
        if code == 0:
            return language_pb2.RunResponse()
        if code == _ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with code {code}")

    async def Cancel(self, request: Empty, context: object) -> Empty:
        """End the programs that run."""
        await self.stop()
        return Empty()

    async def stop(self) -> None:
        """End the programs that run."""
        for program in tuple(self._programs):
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()


async def serve(host: LanguageHost) -> tuple[grpc.aio.Server, int]:
    """Serve on a free loopback port, to this user and root; return the server and the port."""
    return await peers.serve(partial(language_pb2_grpc.add_LanguageRuntimeServicer_to_server, host))


async def run(host: LanguageHost) -> None:
    """Serve until the engine ends this process, then end the running programs."""
    await peers.run_plugin(serve(host))
    await host.stop()


def main(kind: type[LanguageHost] = LanguageHost) -> None:
    """Serve as the engine's plugin. Arguments: the SDK's script, then those of the engine."""
    executor, *arguments = sys.argv[1:]
    asyncio.run(run(kind(engine=arguments[-1], executor=Path(executor))))


if __name__ == "__main__":
    main()
