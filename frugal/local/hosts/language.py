"""The language host: what `pulumi` starts as `pulumi-language-python` to run a Python program.

It serves the engine's LanguageRuntime (Pulumi's `proto/pulumi/language.proto`, read in November
2026): the first line on standard output is its port. The program is run as the official host runs
it: `python -u pulumi-language-python-exec …` in the virtualenv that Pulumi.yaml names, which is
first on PATH.
"""

import contextlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import (
    LanguageRuntimeServicer,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)

from frugal.peers import Guard

# The SDK's script exits with it when the user has already seen the error.
_ALREADY_SHOWN = 32


class LanguageHost(LanguageRuntimeServicer):
    """Runs programs with the script `executor`; `engine` is the engine's address (host:port)."""

    def __init__(self, engine: str, executor: Path) -> None:
        self._engine = engine
        self._executor = executor
        self._programs: set[subprocess.Popen[bytes]] = set()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: ARG002, N802
        """Say nothing about ourselves: the CLI needs no version of a bundled host."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(  # noqa: N802
        self,
        request: language_pb2.GetRequiredPackagesRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Name no packages: the engine asks for a provider when the first resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(  # noqa: N802
        self,
        request: language_pb2.RunRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
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
            if not Path(python).exists():
                error = f"Pulumi.yaml names the virtualenv {virtualenv}, but {python} is missing."
                return language_pb2.RunResponse(
                    error=f"{error} Run `make setup`, which creates it."
                )
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
        program = subprocess.Popen(
            [python, "-u", str(self._executor), *arguments, *request.args],
            cwd=request.pwd,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        self._programs.add(program)
        code = program.wait()
        self._programs.discard(program)
        if code == 0:
            return language_pb2.RunResponse()
        if code == _ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with code {code}")

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: ARG002, N802
        """End the programs that run."""
        self.stop()
        return Empty()

    def stop(self) -> None:
        """End the programs that run."""
        for program in tuple(self._programs):
            program.kill()


def serve(host: LanguageHost) -> tuple[grpc.Server, int]:
    """Serve on a free loopback port, to our user and root; return the server and the port."""
    guard = Guard()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4),
        interceptors=[guard],
        options=[("grpc.so_reuseport", 0)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    guard.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, guard.port


def main(kind: type[LanguageHost] = LanguageHost) -> None:
    """Serve until standard input ends. Arguments: the SDK's script, then those of the engine."""
    executor, *arguments = sys.argv[1:]
    host = kind(engine=arguments[-1], executor=Path(executor))
    _server, port = serve(host)
    print(port, flush=True)
    # The engine ends us by SIGINT or, when it was killed itself, by closing our standard input.
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    host.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
