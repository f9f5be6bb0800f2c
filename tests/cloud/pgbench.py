"""A flexible server to try things on, as an app and as the platform see it."""

import asyncio
import os
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from frugal.cloud.postgres.server import RESOURCE, Server
from frugal.cloud.spawn import Accounts, Reaper, accounts
from frugal.cloud.tls import Authority
from frugal.cloud.tokens import Tokens

NAME = "pg1"
HOST = f"{NAME}.postgres.database.azure.com"
ROLE, OBJECT_ID, DATABASE = "translator-id", "0A1B2C3D-0000-4000-8000-00000000000a", "app"
THIS_MACHINE = ("0.0.0.0", "0.0.0.0")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A server, what it needs, and what a client of it needs."""

    folder: Path
    reaper: Reaper
    tokens: Tokens
    authority: Authority
    server: Server

    @property
    def log(self) -> str:
        return (self.folder / "postgres.log").read_text()

    def another(self, **changes: Any) -> Server:
        """Another Server object on the same folder, as a restarted daemon makes it."""
        return server_in(self.folder, self.reaper, self.tokens, self.authority, **changes)

    def token(self, **changes: Any) -> str:
        whose = {"client_id": "client", "object_id": OBJECT_ID, "resource": RESOURCE, **changes}
        return self.tokens.issue(**whose)[0]

    def client(self, **changes: Any) -> dict[str, Any]:
        """The keywords of libpq as an app on this machine uses them."""
        return {
            "host": HOST,
            "hostaddr": "127.0.0.1",
            "port": self.server.port,
            "user": ROLE,
            "dbname": DATABASE,
            "password": self.token(),
            "sslmode": "verify-full",
            "sslrootcert": str(self.authority.ca_file),
            "autocommit": True,
            **changes,
        }

    async def connect(self, **changes: Any) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(**self.client(**changes))

    async def fetch(self, query: str, **changes: Any) -> list[Any]:
        """The rows of one query in a session of its own."""
        async with await self.connect(**changes) as session:
            return await (await session.execute(query)).fetchall()

    async def superuser(self) -> psycopg.AsyncConnection:
        """Around the front: whoever may enter the data folder."""
        folder = str(Path(self.server._cluster.socket()).parent)
        return await psycopg.AsyncConnection.connect(
            host=folder, user="azuresu", dbname="postgres", autocommit=True
        )

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A TCP connection on which nothing was said yet."""
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    async def raw_tls(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that has asked for TLS in PostgreSQL's way, and got it."""
        reader, writer = await self.raw()
        writer.write(struct.pack("!II", 8, 80877103))
        assert await reader.readexactly(1) == b"S"
        context = ssl.create_default_context(cafile=str(self.authority.ca_file))
        await writer.start_tls(context, server_hostname=HOST)
        return reader, writer


def server_in(
    folder: Path, reaper: Reaper, tokens: Tokens, authority: Authority, **changes: Any
) -> Server:
    own = Accounts(folder)
    keywords: dict[str, Any] = {
        "host": HOST,
        "port": 0,
        "folder": own.place("postgres") / NAME,
        "accounts": own,
        "log": folder / "postgres.log",
        "reaper": reaper,
        "authority": authority,
        "tokens": tokens,
        **changes,
    }
    return Server(NAME, **keywords)


@asynccontextmanager
async def bench_in(folder: Path, *, keep: bool = False) -> AsyncIterator[Bench]:
    """Everything but a started server; what runs at the end is stopped; data stays with `keep`."""
    reaper, tokens, authority = Reaper(), Tokens(folder), Authority(folder)
    server = server_in(folder, reaper, tokens, authority)
    await reaper.start()
    try:
        yield Bench(folder=folder, reaper=reaper, tokens=tokens, authority=authority, server=server)
    finally:
        await server.stop()
        await reaper.stop()
        if not keep:
            accounts.remove(folder)


async def furnish(server: Server) -> None:
    """A server as the program declares it: with a rule, a database, an administrator."""
    await server.start(version="17")
    server.set_firewall([THIS_MACHINE])
    await server.create_database(DATABASE, charset="UTF8", collation="en_US.utf8")
    await server.add_administrator(role=ROLE, object_id=OBJECT_ID)


def startup(**fields: str) -> bytes:
    """A start-up packet of protocol 3.0."""
    body = b"".join(f"{k}\0{v}\0".encode() for k, v in fields.items()) + b"\0"
    return struct.pack("!II", len(body) + 8, 196608) + body


def password(text: str) -> bytes:
    return b"p" + struct.pack("!I", len(text) + 5) + text.encode() + b"\0"


async def message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The type and the body of the next message of a server."""
    kind, size = struct.unpack("!cI", await reader.readexactly(5))
    return kind, await reader.readexactly(size - 4)


async def error(reader: asyncio.StreamReader) -> dict[str, str]:
    """The fields of the error that comes next."""
    kind, body = await message(reader)
    assert kind == b"E"
    return {field[:1]: field[1:] for field in body.decode().split("\0") if field}


def alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
