"""TLS for tests: a certificate of an authority of their own, and a way through it to a plain port.

The addresses that the program declares begin with https, and what serves them on this machine is
plain HTTP. With a front before it a browser goes to the declared address itself.
"""

import asyncio
import base64
import contextlib
import hashlib
import ssl
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files of a certificate, its authority, and its key's hash, by which a browser trusts it."""

    authority: Path
    certificate: Path
    key: Path
    pin: str

    @classmethod
    def make(cls, folder: Path, *hosts: str) -> "Tls":
        authority = trustme.CA()
        issued = authority.issue_cert(*hosts)
        (chain,) = issued.cert_chain_pems
        authority.cert_pem.write_to_path(folder / "ca.pem")
        issued.private_key_pem.write_to_path(folder / "key.pem")
        chain.write_to_path(folder / "cert.pem")
        key = x509.load_pem_x509_certificate(chain.bytes()).public_key()
        known = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(
            authority=folder / "ca.pem",
            certificate=folder / "cert.pem",
            key=folder / "key.pem",
            pin=base64.b64encode(hashlib.sha256(known).digest()).decode(),
        )


@contextlib.contextmanager
def front(tls: Tls, target: int) -> Generator[int]:
    """Pass on what comes over TLS to the port `target`; yields the port to come to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))

    starting = asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    server = loop.run_until_complete(starting)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.close()


async def _end(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends or breaks off; then the other one is told."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(64 * 1024):
            writer.write(chunk)
            await writer.drain()
    writer.close()
