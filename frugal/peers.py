"""gRPC servers for the engine that answer only calls of this user and of root.

The engine connects to `127.0.0.1:PORT` without credentials, and so can every user of the machine.
The kernel knows which user opened a connection: `docs/adr/0012-the-kernel-names-the-caller.md`.
"""

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]

Address = tuple[str, int]
Refusal = Callable[[Exception], tuple[grpc.StatusCode, str] | None]

CONNECTIONS = 256
"""Most connections of a server; an engine opens one or two."""
_HOST = "127.0.0.1"
_ROOT = 0
# What the kernel is asked and answers (Linux 6.18, include/uapi/linux: netlink.h, sock_diag.h,
# inet_diag.h): the header of each message; a request, with a socket after it; an answer. Ports and
# addresses are in network order.
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET = struct.Struct("!HH4s12x4s12xIII")
_ANSWER = struct.Struct("=BBxx48xIIIII")
_ANY = 0xFFFFFFFF
_LARGEST = 8192  # bytes of an answer
_ESTABLISHED = 1  # include/net/tcp_states.h
_REFUSED = "This address answers the user who started it, and root. The kernel names another user."
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Otherwise two servers of one user occasionally get the same port.
    ("grpc.so_reuseport", 0),
    # Everybody may connect, and an idle connection holds a descriptor. More are closed at once.
    ("grpc.max_allowed_incoming_connections", CONNECTIONS),
)


async def serve(
    register: Callable[[grpc.aio.Server], None], *, refusal: Refusal = lambda _error: None
) -> tuple[grpc.aio.Server, int]:
    """Serve on a free loopback port, to this user and root; return the server and the port.

    `register` adds the services, as generated code does. `refusal`: status and text of a method's
    error that is passed to the caller.
    """
    guard = Guard(refusal)
    server = grpc.aio.server(options=_OPTIONS, interceptors=[guard])
    register(server)
    guard.port = server.add_insecure_port(f"{_HOST}:0")
    await server.start()
    return server, guard.port


async def run_plugin(starting: Awaitable[tuple[grpc.aio.Server, int]]) -> None:
    """Serve as a plugin of the engine: its port on standard output, until the engine ends it.

    The engine sends SIGINT or, if it was killed, closes standard input.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, ended.set)

    def follow() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            ended.set()

    loop.add_reader(sys.stdin, follow)
    server, port = await starting
    print(port, flush=True)
    await ended.wait()
    await server.stop(None)


class Guard(grpc.aio.ServerInterceptor):
    """Interceptor that answers this user and root, and PERMISSION_DENIED to all others.

    The caller is looked up at each call, before its request is read. Until `port`, the server's
    own, is set, nobody is answered. Methods that stream do not exist behind it.
    """

    def __init__(self, refusal: Refusal) -> None:
        self.port = 0
        self._refusal = refusal

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """Check the caller before a method."""
        handler = await continuation(handler_call_details)
        if handler is None or (method := handler.unary_unary) is None:
            return None

        async def answer(
            requests: AsyncIterator[object], context: grpc.aio.ServicerContext[Any, Any]
        ) -> object:
            if not await is_admitted(context.peer(), self.port):
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, _REFUSED)
            call = method(await anext(requests), cast("Any", context))
            try:
                return await cast("Awaitable[object]", call)
            except Exception as error:
                refusal = self._refusal(error)
                if refusal is None:
                    raise
                await context.abort(*refusal)

        # Takes its one request as a stream, so that none is read of a refused caller.
        return grpc.stream_unary_rpc_method_handler(
            cast("Any", answer), handler.request_deserializer, handler.response_serializer
        )


async def is_admitted(peer: str, port: int) -> bool:
    """True if our user or root opened the connection of `peer` (as gRPC names it) to our port."""
    scheme, _, rest = peer.partition(":")
    host, _, peer_port = rest.rpartition(":")
    if scheme != "ipv4" or not peer_port.isdigit():
        return False
    client, server = (host, int(peer_port)), (_HOST, port)
    user = user_by_kernel(client, server)
    if user is None:
        user = await asyncio.to_thread(user_of_process, client, server)
    return user in {_ROOT, os.getuid()}


def user_by_kernel(client: Address, server: Address) -> int | None:
    """Return the user who opened a connection; None if it is not open or the kernel does not say.

    Asks Linux for the client's one socket (man 7 sock_diag). Its user counts only in the state
    ESTABLISHED and with an inode: a closed socket stays for a while and shows user 0 (tried with
    Linux 6.18). The kernel reads state, user and inode in this order, so one that is closed in the
    middle may have that state and user 0, but has no inode any more.
    """
    try:
        ends = (socket.inet_aton(host) for host, _ in (client, server))
        wanted = _SOCKET.pack(client[1], server[1], *ends, 0, _ANY, _ANY)
        asked = _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _ANY) + wanted
        header = _HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.send(header + asked)
            said = kernel.recv(_LARGEST)
    except (AttributeError, OSError):  # macOS; a kernel without this
        return None
    _, kind, *_ = _HEADER.unpack_from(said)
    if kind != _SOCK_DIAG_BY_FAMILY:
        return None
    _, state, *_, user, inode = _ANSWER.unpack_from(said, _HEADER.size)
    return user if state == _ESTABLISHED and inode else None


def user_of_process(client: Address, server: Address) -> int | None:
    """Return the user of the process that holds a connection; None if it cannot be inspected.

    An ordinary user may inspect its own processes alone, which are the permitted ones.
    """
    # Seldom needed, and a tenth of the language host's start.
    import psutil  # noqa: PLC0415

    # The engine has just started.
    for pid in reversed(psutil.pids()):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            for connection in process.net_connections("tcp4"):
                ends = (tuple(connection.laddr), tuple(connection.raddr))
                if ends == (client, server) and connection.status == psutil.CONN_ESTABLISHED:
                    return process.uids().real
    return None
