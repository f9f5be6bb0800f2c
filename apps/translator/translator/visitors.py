"""Identity of visitors without accounts: a signed cookie, set when they first send something."""

import hashlib
import hmac
import ipaddress
import uuid
from typing import Final

from fastapi import Request
from itsdangerous import BadSignature, Signer
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from translator import names
from translator.database import Database
from translator.readiness import NotReadyError
from translator.tables import Secret, Visitor

_YEAR: Final = 365 * 24 * 3600
_IPV6_NETWORK: Final = 64
"""Bits of an IPv6 address that a customer has: the others are theirs to choose."""


class Visitors:
    """Sets and reads the cookies, with a key from the database that all replicas share."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None

    async def known(self, request: Request) -> uuid.UUID | None:
        """Return the visitor of the request's cookie, None without a valid one."""
        given = request.cookies.get(_cookie(request))
        if given is None:
            return None
        try:
            return uuid.UUID(Signer(await self._secret()).unsign(given).decode())
        except (BadSignature, ValueError):
            return None

    async def cookie(self, request: Request, response: Response, visitor: uuid.UUID) -> None:
        """Set the visitor's cookie."""
        response.set_cookie(
            _cookie(request),
            Signer(await self._secret()).sign(str(visitor)).decode(),
            max_age=_YEAR,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    async def address(self, request: Request) -> str:
        """Return a pseudonym (HMAC) of the request's address."""
        text = network(request)
        return hmac.new(await self._secret(), text.encode(), hashlib.sha256).hexdigest()

    async def _secret(self) -> bytes:
        if self._key is None:
            async with self._database.reading() as session:
                self._key = await session.scalar(
                    select(Secret.value).where(Secret.name == "visitors")
                )
        if self._key is None:
            raise NotReadyError("The key of the visitors' cookies is missing.")
        return self._key


async def keep(session: AsyncSession, visitor: uuid.UUID) -> None:
    """Insert the visitor with a name, unless they exist."""
    await session.execute(
        insert(Visitor).values(id=visitor, name=names.for_visitor(visitor)).on_conflict_do_nothing()
    )


def network(request: Request) -> str:
    """Return the request's address; for IPv6 the /64 network of one customer."""
    text = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)


def _cookie(request: Request) -> str:
    # With this prefix a browser takes it over https alone, for this host and all its paths.
    return "__Host-visitor" if request.url.scheme == "https" else "visitor"
