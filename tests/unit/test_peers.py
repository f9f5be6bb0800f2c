"""Another user of the machine at our gRPC ports. Root drops to a second user to try it for real."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
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


@pytest.mark.parametrize(
    "peer",
    ["", "unix:", "unix:/tmp/x", "ipv4:127.0.0.1", "ipv6:%5B::1%5D:39768", "ipv4:x:y", "ipv4:x:1"],
)
async def test_a_peer_that_is_no_loopback_connection_is_refused(peer: str) -> None:
    assert not await peers.is_admitted(peer, 39765)


@contextmanager
def connection(family: socket.AddressFamily) -> Iterator[tuple[socket.socket, peers.Address]]:
    """A client's socket and its server's address; the server's end stays open."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(family) as client:
        server = listener.getsockname()
        host = server[0] if family == socket.AF_INET else f"::ffff:{server[0]}"
        client.connect((host, server[1]))
        with closing(listener.accept()[0]):
            yield client, server


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for one socket")
Lookup = Callable[[peers.Address, peers.Address], int | None]


@pytest.mark.parametrize(
    ("lookup", "family"),
    [
        pytest.param(peers.user_by_kernel, socket.AF_INET, marks=LINUX),
        pytest.param(peers.user_by_kernel, socket.AF_INET6, marks=LINUX),
        (peers.user_of_process, socket.AF_INET),
    ],
)
def test_the_user_of_an_open_connection_is_found(
    lookup: Lookup, family: socket.AddressFamily
) -> None:
    with connection(family) as (client, server):
        ours = ("127.0.0.1", client.getsockname()[1])
        assert lookup(ours, server) == os.getuid()
        # The server's end, another client's and another server's.
        assert lookup(server, server) is None
        assert lookup(("127.0.0.2", ours[1]), server) is None
        assert lookup(ours, ("127.0.0.2", server[1])) is None
        client.close()
        # It is in the state FIN_WAIT2 now.
        assert lookup(ours, server) is None


@pytest.mark.skipif(not IS_ROOT, reason="root alone gives a socket to another user")
@LINUX
def test_the_kernel_names_the_user_of_the_clients_end() -> None:
    with connection(socket.AF_INET) as (client, server):
        os.fchown(client.fileno(), SOMEBODY, -1)
        assert peers.user_by_kernel(client.getsockname(), server) == SOMEBODY


@LINUX
def test_the_kernel_names_nobody_for_an_end_that_no_process_holds() -> None:
    """As one is while it is being closed; here one that waits to be accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = listener.getsockname()
        with socket.create_connection(server) as client:
            ours = client.getsockname()
            assert peers.user_by_kernel(server, ours) is None
            accepted, _ = listener.accept()
            with accepted:
                assert peers.user_by_kernel(server, ours) == os.getuid()


async def test_without_the_kernels_answer_the_processes_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "user_by_kernel", lambda *_: None)
    with connection(socket.AF_INET) as (client, server):
        peer = f"ipv4:127.0.0.1:{client.getsockname()[1]}"
        assert await peers.is_admitted(peer, server[1])
        client.close()
        assert not await peers.is_admitted(peer, server[1])


async def test_calls_of_our_own_user_are_answered() -> None:
    server, port = await serve_provider(Provider(None))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert (await stub.GetPluginInfo(Empty())).version == VERSION
    await server.stop(None)


async def test_connections_without_a_call_take_a_bounded_number_of_descriptors() -> None:
    server, port = await serve_provider(Provider(None))
    surplus = 20
    opened = [
        await asyncio.open_connection("127.0.0.1", port) for _ in range(peers.CONNECTIONS + surplus)
    ]
    # The server speaks first, or hangs up.
    begun = [await asyncio.wait_for(first(reader), 60) for reader, _ in opened]
    assert begun.count(b"") == surplus
    for _, writer in opened:
        writer.close()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        answer = await stub.GetPluginInfo(Empty(), wait_for_ready=True, timeout=60)
        assert answer.version == VERSION
    await server.stop(None)


async def first(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1)
    except ConnectionResetError:
        return b""


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
