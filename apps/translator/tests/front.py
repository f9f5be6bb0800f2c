"""TLS in front of a PostgreSQL: the one that comes as a wheel is built without it."""

import asyncio
import contextlib
import ssl
import threading

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""The first message of a client that wants TLS (PostgreSQL's protocol, "SSLRequest")."""


class Front:
    """Speaks TLS on a free port of 127.0.0.1, and nothing else, and plainly to `backend`'s port."""

    def __init__(self, backend: int, context: ssl.SSLContext) -> None:
        self._backend = backend
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        )
        self._server = started.result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(self._context)
                await self._relay(reader, writer)
        writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._backend)
        both = (
            asyncio.create_task(_copy(reader, inner_writer)),
            asyncio.create_task(_copy(inner_reader, writer)),
        )
        # Whichever side ends, the other's connection ends too.
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        inner_writer.close()
        writer.close()
        await asyncio.gather(*both)

    def close(self) -> None:
        """Stop listening, and cut what is open."""

        async def finish() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
