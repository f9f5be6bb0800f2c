"""Listening TCP sockets of a process and all that it started, as the kernel lists them."""

import contextlib
import ipaddress
import os
from collections.abc import Iterator
from typing import NamedTuple

import psutil

EXPECTED = "127.0.0.1"
"""Host that apps have to listen on here."""


class Listener(NamedTuple):
    """Address of a listening socket."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """True if other machines can connect."""
        address = ipaddress.ip_address(self.host)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return not (mapped or address).is_loopback


def listeners(session: int) -> set[Listener]:
    """Listeners of the processes of a session, which is the id of the process that began it."""
    return set(_listeners(session))


def _listeners(session: int) -> Iterator[Listener]:
    for pid in psutil.pids():
        # Processes end meanwhile, and those of other users cannot be read.
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == session:
                for one in psutil.Process(pid).net_connections("tcp"):
                    if one.status == psutil.CONN_LISTEN:
                        yield Listener(*one.laddr)


def elsewhere(found: set[Listener], port: int) -> str | None:
    """Say where a process listens in place of the expected address; None if it does not.

    An open listener is always in the wrong place, one of the loopback only without the expected.
    """
    wrong = sorted(one for one in found if one.is_open)
    if not wrong and Listener(EXPECTED, port) not in found:
        wrong = sorted(found)
    if not wrong:
        return None
    places = ", ".join(map(str, wrong))
    return f"it listens on {places}, expected {EXPECTED}:{port}; read HOST and PORT"
