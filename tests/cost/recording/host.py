"""A stub of Pulumi's Go and Node.js language hosts: `python host.py LANGUAGE ENGINE`.

Runs `./program` (a compiled Go program) or `program.ts` as the official hosts do, whose modules no
proxy serves: sdk/go/pulumi-language-go and sdk/nodejs/cmd/pulumi-language-nodejs of
github.com/pulumi/pulumi. The first line on standard output is its port.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

ALREADY_SHOWN = 32


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, language: str, engine: str) -> None:
        self._language = language
        self._engine = engine

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, request, context):
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request, context):
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            "PULUMI_PROJECT": request.project,
            "PULUMI_STACK": request.stack,
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_ROOT_DIRECTORY": request.info.root_directory,
            "PULUMI_DRY_RUN": str(request.dryRun).lower(),
            "PULUMI_PARALLEL": str(request.parallel),
            "PULUMI_MONITOR": request.monitor_address,
            "PULUMI_ENGINE": self._engine,
            "PULUMI_NODEJS_TYPESCRIPT": "true",
        }
        command = ["./program"]
        if self._language == "nodejs":
            command = [
                *("node", "node_modules/@pulumi/pulumi/cmd/run"),
                *("--monitor", request.monitor_address, "--engine", self._engine),
                *("--organization", request.organization, "--project", request.project),
                *("--stack", request.stack, "--pwd", request.pwd),
                *(["--dry-run"] if request.dryRun else []),
                *("--parallel", str(request.parallel), "."),
            ]
        code = subprocess.run(command, cwd=request.pwd, env=environment, check=False).returncode
        if code == ALREADY_SHOWN and self._language == "nodejs":
            return language_pb2.RunResponse(bail=True)
        if code:
            error = f"program exited with non-zero exit code: {code}"
            return language_pb2.RunResponse(error=error)
        return language_pb2.RunResponse()


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    host = Host(sys.argv[1], sys.argv[-1])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    with suppress(KeyboardInterrupt):
        sys.stdin.read()  # the engine's pipe


if __name__ == "__main__":
    main()
