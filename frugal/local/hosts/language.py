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
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from frugal import peers
from frugal.local.hosts.messages import RunRequest, RunResponse

_SERVICE = "pulumirpc.LanguageRuntime"

# Exit code of the SDK's script for an error that the user has already seen.
_ALREADY_SHOWN = 32


Context = grpc.aio.ServicerContext[Any, Any]


class LanguageHost:
    """Runner of programs by the script `executor`; `engine` is the engine's address (host:port)."""

    def __init__(self, engine: str, executor: Path) -> None:
        self._engine = engine
        self._executor = executor
        self._programs: set[asyncio.subprocess.Process] = set()

    async def GetPluginInfo(self, request: bytes, context: Context) -> Message:
        """Return no version: the CLI needs none of a bundled host."""
        return Empty()

    async def GetRequiredPackages(self, request: bytes, context: Context) -> Message:
        """Return no packages: the engine loads a provider when the first resource needs it."""
        return Empty()

    async def Run(self, request: Any, context: Context) -> Message:  # noqa: ANN401 - a RunRequest
        """Run the program to its end."""
        info = request.info
        virtualenv = MessageToDict(info.options).get("virtualenv")
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps({entry.key: entry.value for entry in request.config}),
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
            return RunResponse(error=f"{error} Run `make setup`, which creates it.")
        self._programs.add(program)
        code = await program.wait()
        self._programs.discard(program)
        if code == 0:
            return RunResponse()
        if code == _ALREADY_SHOWN:
            return RunResponse(bail=True)
        return RunResponse(error=f"the program ended with code {code}")

    async def Cancel(self, request: bytes, context: Context) -> Message:
        """End the programs that run."""
        await self.stop()
        return Empty()

    def register(self, server: grpc.aio.Server) -> None:
        """Add the methods to a server; others are unimplemented."""
        methods = (self.GetPluginInfo, self.GetRequiredPackages, self.Run, self.Cancel)
        handlers = {
            method.__name__: grpc.unary_unary_rpc_method_handler(
                cast("Any", method),
                request_deserializer=RunRequest.FromString if method == self.Run else None,
                response_serializer=_serialized,
            )
            for method in methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))

    async def stop(self) -> None:
        """End the programs that run."""
        for program in tuple(self._programs):
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


async def serve(host: LanguageHost) -> tuple[grpc.aio.Server, int]:
    """Serve on a free loopback port, to this user and root; return the server and the port."""
    return await peers.serve(host.register)


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
