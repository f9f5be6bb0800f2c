"""A provider in the SDK's own host, as the engine starts and configures it."""

import base64
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.dynamic import CreateResult
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from infra import credentials, waits
from infra.arm import ArmError
from infra.components.dynamic_provider import Provider, ProviderError
from infra.waits import DEFAULTS

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "canary"}


class Probe(Provider):
    """Outputs the sign-in's configuration or the waits of its process, or fails, as asked."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        if props.get("shows") == "waits":
            return CreateResult("probe", {field: waits.seconds(field) for field in DEFAULTS})
        match props.get("fails"):
            case "text":
                raise ProviderError("explained")
            case "arm":
                raise ArmError("Busy", "later")
            case _:
                return CreateResult("probe", dict(credentials.current().configuration))


def wire(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


class Host:
    """The SDK's host in a process of its own; `stdin` is what the engine holds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}")
        self._stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def configure(self, values: Mapping[str, Any]) -> None:
        args = wire(values)
        self._stub.Configure(provider_pb2.ConfigureRequest(args=args))

    def create(self, **properties: str) -> dict[str, Any]:
        pickled = base64.b64encode(pickle.dumps(Probe())).decode()
        props = wire({"__provider": pickled, **properties})
        answer = self._stub.Create(provider_pb2.CreateRequest(properties=props))
        outputs = json_format.MessageToDict(answer.properties)
        del outputs["__provider"]
        return outputs

    def close(self) -> None:
        self._channel.close()


@contextmanager
def started() -> Iterator[Host]:
    command = [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"]
    pipe = subprocess.PIPE
    host = Host(subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT))
    try:
        yield host
    finally:
        host.close()
        host.process.kill()
        host.process.wait()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """One that is configured, for all tests that do not end it."""
    sign_in = {"clientSecret": SECRET, "useOidc": "true", "location": "eastus"}
    with started() as host:
        host.configure(
            {
                **{f"azure-native:{key}": value for key, value in sign_in.items()},
                "frugal:waits": '{"deadline": 5, "pullLimit": 0}',
            }
        )
        yield host


def test_the_sign_in_is_configured_and_no_property(host: Host) -> None:
    assert host.create() == {
        "azure-native:clientSecret": "canary",
        "azure-native:useOidc": "true",
    }


def test_the_waits_are_configured_and_no_property(host: Host) -> None:
    assert host.create(shows="waits") == {**DEFAULTS, "deadline": 5, "pullLimit": 0}


def test_an_error_is_its_text(host: Host) -> None:
    texts: list[str | None] = []
    for kind in ("text", "arm"):
        with pytest.raises(grpc.RpcError) as error:
            host.create(fails=kind)
        texts.append(error.value.details())
    assert texts == ["explained", "Busy: later"]


def test_the_process_ends_with_the_engine() -> None:
    with started() as host:
        assert host.create() == {}
        assert host.process.poll() is None
        assert host.process.stdin is not None
        host.process.stdin.close()
        assert host.process.wait(PATIENCE) == 0


def test_other_standard_input_does_not_end_the_process() -> None:
    # A test run without a terminal: its standard input is at its end from the beginning.
    script = (
        "from pulumi.dynamic import Config, ConfigureRequest\n"
        "from infra.components.dynamic_provider import Provider\n"
        "import threading\n"
        "Provider().configure(ConfigureRequest(Config({}, 'p')))\n"
        "print([t.name for t in threading.enumerate()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == "['MainThread']\n"
