"""Another user of the machine at our gRPC ports. Root drops to a second user to try it for real."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import (
    language_pb2,
    language_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
)

from frugal import peers
from frugal.cloud.provider import VERSION, Provider
from frugal.cloud.provider import serve as serve_provider
from frugal.local.hosts.language import LanguageHost
from frugal.local.hosts.language import serve as serve_language

IS_ROOT = os.getuid() == 0
SOMEBODY = 65534
PROVIDER = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]
LANGUAGE = language_pb2.DESCRIPTOR.services_by_name["LanguageRuntime"]

# As printed by Linux 6.18 on x86-64: the client's port is 39768 (9B58), the server's 39765 (9B55).
OPEN = (
    (
        "  19: 0100007F:9B55 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0"
        " 369739 1 000000008f859af5 100 0 0 10 0"
    ),
    (
        "  71: 0100007F:9B55 0100007F:9B58 01 00000000:00000000 00:00000000 00000000     0        0"
        " 369742 1 00000000a07e2044 20 0 0 10 -1"
    ),
    (
        "  99: 0100007F:9B58 0100007F:9B55 01 00000000:00000000 00:00000000 00000000  1000        0"
        " 369740 2 000000003fcedaee 20 0 0 10 -1"
    ),
)
MAPPED = (
    (
        "  28: 0000000000000000FFFF00000100007F:9B58 0000000000000000FFFF00000100007F:9B55 01"
        " 00000000:00000000 00:00000000 00000000  1000        0 369741 2 00000000ce0c9823"
        " 20 0 0 10 -1"
    ),
)
CLOSED = (
    OPEN[0],
    (
        "  71: 0100007F:9B55 0100007F:9B58 08 00000000:00000001 00:00000000 00000000     0        0"
        " 369742 2 00000000a07e2044 20 0 1 10 -1"
    ),
    (
        "  99: 0100007F:9B58 0100007F:9B55 05 00000000:00000000 03:00001770 00000000     0        0"
        " 0 3 0000000061e88cac"
    ),
)
GONE = (
    (
        "  99: 0100007F:9B58 0100007F:9B55 06 00000000:00000000 03:00001770 00000000     0        0"
        " 0 3 0000000061e88cac"
    ),
)
# Of another server, of another client, and of a host that only ends like ours.
OTHERS = (
    OPEN[2].replace(":9B55", ":9B56"),
    OPEN[2].replace(":9B58", ":9B59"),
    OPEN[2].replace(" 0100007F:9B55", " 0200007F:9B55"),
)
CLIENT, SERVER = ("127.0.0.1", 39768), ("127.0.0.1", 39765)


@pytest.mark.parametrize(
    ("tcp", "tcp6", "user"),
    [
        (OPEN, (), 1000),
        ((), MAPPED, 1000),
        (CLOSED, MAPPED, 1000),
        (OPEN[:2], (), None),
        (CLOSED, (), None),
        (GONE, (), None),
        (OTHERS, (), None),
        ((), (), None),
    ],
)
def test_only_the_clients_own_row_in_state_established_counts(
    tcp: tuple[str, ...], tcp6: tuple[str, ...], user: int | None, tmp_path: Path
) -> None:
    for name, rows in (("tcp", tcp), ("tcp6", tcp6)):
        (tmp_path / name).write_text("\n".join(["  sl  local_address …", *rows, ""]))

    assert peers.user_in_tables(CLIENT, SERVER, tmp_path) == user


def test_a_kernel_without_ipv6_has_one_table(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text("\n".join([*OPEN, ""]))

    assert peers.user_in_tables(CLIENT, SERVER, tmp_path) == 1000
    assert peers.user_in_tables(CLIENT, ("127.0.0.1", 1), tmp_path) is None


@pytest.mark.parametrize(
    "peer", ["", "unix:", "unix:/tmp/x", "ipv4:127.0.0.1", "ipv6:%5B::1%5D:39768", "ipv4:x:y"]
)
def test_a_peer_that_is_no_loopback_connection_is_refused(peer: str) -> None:
    assert not peers.is_admitted(peer, 39765)


@contextmanager
def connection(family: socket.AddressFamily) -> Iterator[tuple[socket.socket, peers.Address]]:
    """A client's socket and its server's address; the server's end stays open."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(family) as client:
        server = listener.getsockname()
        host = server[0] if family == socket.AF_INET else f"::ffff:{server[0]}"
        client.connect((host, server[1]))
        with closing(listener.accept()[0]):
            yield client, server


@pytest.mark.skipif(sys.platform != "linux", reason="these tables are Linux's")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_kernel_names_us_until_the_socket_is_closed(family: socket.AddressFamily) -> None:
    with connection(family) as (client, server):
        ours = ("127.0.0.1", client.getsockname()[1])
        assert peers.user_in_tables(ours, server) == os.getuid()
        client.close()
        assert peers.user_in_tables(ours, server) is None


def test_the_process_that_holds_a_connection_is_found() -> None:
    """The way of systems without these tables, tried on every system."""
    with connection(socket.AF_INET) as (client, server):
        ours = client.getsockname()
        assert peers.user_of_process(ours, server) == os.getuid()
        client.close()
        assert peers.user_of_process(ours, server) is None


async def test_calls_of_our_own_user_are_answered() -> None:
    server, port = await serve_provider(Provider(None))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert (await stub.GetPluginInfo(Empty())).version == VERSION
    await server.stop(None)


# Calls methods with an empty request, as SOMEBODY where it is root, and prints their statuses.
STRANGER = f"""
import os, sys, grpc
port, service, *methods = sys.argv[1:]
grpc.insecure_channel("127.0.0.1:1").close()  # imports what SOMEBODY may not read
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({SOMEBODY})
    os.setuid({SOMEBODY})
with grpc.insecure_channel(f"127.0.0.1:{{port}}") as channel:
    for method in methods:
        try:
            channel.unary_unary(f"/{{service}}/{{method}}")(b"", timeout=60)
            print("OK")
        except grpc.RpcError as error:
            print(error.code().name)
"""


async def strangers_calls(port: int, service: str, methods: list[str]) -> list[str]:
    """Statuses that another user gets, one a method."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STRANGER, str(port), service, *methods, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode().split()


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make who starts a server and who calls it two users: without root the server is the other."""
    if not IS_ROOT:
        other = os.getuid() + 1
        monkeypatch.setattr(peers.os, "getuid", lambda: other)


def methods_of(service: "provider_pb2.DESCRIPTOR") -> tuple[list[str], list[str]]:
    """Methods of one request and one answer, and those that stream."""
    streaming = [m.name for m in service.methods if m.client_streaming or m.server_streaming]
    return [m.name for m in service.methods if m.name not in streaming], streaming


@pytest.mark.usefixtures("another")
async def test_another_user_calls_no_method_of_the_provider() -> None:
    calls: list[str] = []

    class Counting(Provider):
        async def GetPluginInfo(self, request: Empty, context: object) -> object:  # noqa: N802
            calls.append("GetPluginInfo")
            return await super().GetPluginInfo(request, context)

    server, port = await serve_provider(Counting(None))
    single, streaming = methods_of(PROVIDER)
    said = await strangers_calls(port, PROVIDER.full_name, single + streaming)
    await server.stop(None)

    assert len(single) > 15
    assert said == ["PERMISSION_DENIED"] * len(single) + ["UNIMPLEMENTED"] * len(streaming)
    assert calls == []


@pytest.mark.usefixtures("another")
async def test_another_user_calls_no_method_of_the_language_host() -> None:
    server, port = await serve_language(LanguageHost("127.0.0.1:1", Path("nothing")))
    single, streaming = methods_of(LANGUAGE)
    said = await strangers_calls(port, LANGUAGE.full_name, single + streaming)
    await server.stop(None)

    served = {"GetPluginInfo", "GetRequiredPackages", "Run", "Cancel"}
    assert served < set(single)
    assert said == [
        "PERMISSION_DENIED" if method in served else "UNIMPLEMENTED"
        for method in single + streaming
    ]


async def test_the_language_host_answers_our_own_user() -> None:
    server, port = await serve_language(LanguageHost("127.0.0.1:1", Path("nothing")))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        assert (await stub.GetPluginInfo(Empty())).version == ""
    await server.stop(None)


@pytest.mark.skipif(not IS_ROOT, reason="root's own calls need root")
async def test_root_calls_a_server_of_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers.os, "getuid", lambda: SOMEBODY)
    server, port = await serve_provider(Provider(None))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert (await stub.GetPluginInfo(Empty())).version == VERSION
    await server.stop(None)


async def test_plan_only_is_guarded_as_it_is_started() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "frugal.cloud.provider", "--plan-only"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    said = await strangers_calls(port, PROVIDER.full_name, ["GetPluginInfo"])
    process.terminate()
    await process.communicate()

    # Without root the stranger is ourselves.
    assert said == ["PERMISSION_DENIED" if IS_ROOT else "OK"]
