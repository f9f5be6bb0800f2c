"""DNS of the local cloud: a server on the loopback, and the look-ups of the cloud itself.

It answers from the record sets of the environment's DNS zones and from a file of further records,
the stand-in for a provider elsewhere, in the format of a zone file (RFC 1035 section 5). Nothing
else is known to it, and it asks no other server.
"""

import asyncio
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zonefile
from typing_extensions import override

from frugal.cloud.bodies import objects, section, strings
from frugal.cloud.days import Days
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of, parent_of
from frugal.cloud.store import Resource, Store

FILE = "dns.zone"
RECORD_SET = "azure-native:dns:RecordSet"
_TTL = 300
_ALIAS_ADDRESS = "127.0.0.1"


class Dns(asyncio.DatagramProtocol):
    """The server; `file` may be missing. Port 0 takes a free one."""

    def __init__(self, file: Path, *, port: int, store: Store, days: Days) -> None:
        self.port = port
        self._file = file
        self._store = store
        self._days = days
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Listen. Raises CloudError when the port is taken."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=("127.0.0.1", self.port)
            )
        except OSError as error:
            raise CloudError("PortInUse", f"UDP port {self.port}: {error.strerror}.") from error
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def stop(self) -> None:
        """Close the port."""
        if self._transport is not None:
            self._transport.close()

    def values(self, name: str, kind: str) -> list[str]:
        """Values of a name's records of one type, as the cloud itself looks them up.

        Raises CloudError for a file that is no zone file.
        """
        wanted = dns.rdatatype.from_text(kind)
        found = [one for one in self._of(name) if one.rdtype == wanted]
        return [_text(str(data)) for one in found for data in cast("Iterable[object]", one)]

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            query = dns.message.from_wire(data)
            reply = dns.message.make_response(query)
        except dns.exception.DNSException:
            return
        reply.flags |= dns.flags.AA
        try:
            self._answer(query, reply)
        except CloudError as error:
            print(error.message, flush=True)
            reply.set_rcode(dns.rcode.SERVFAIL)
        except Exception:
            traceback.print_exc()
            reply.set_rcode(dns.rcode.SERVFAIL)
        if self._transport is not None:
            self._transport.sendto(reply.to_wire(), addr)

    def _answer(self, query: dns.message.Message, reply: dns.message.Message) -> None:
        question = query.question[0]
        there = self._of(question.name.to_text(omit_final_dot=True))
        if not there:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        kinds = (question.rdtype, dns.rdatatype.CNAME)
        reply.answer = [one for one in there if one.rdtype in kinds]

    def _of(self, name: str) -> list[dns.rrset.RRset]:
        """All records of a name."""
        wanted = dns.name.from_text(name)
        return [one for one in (*self._in_zones(), *self._in_file()) if one.name == wanted]

    def _in_file(self) -> Iterable[dns.rrset.RRset]:
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        try:
            return dns.zonefile.read_rrsets(text, rdclass=None, default_ttl=_TTL)
        except (dns.exception.DNSException, ValueError) as error:
            raise CloudError("InvalidZoneFile", f"{self._file}: {error}.") from error

    def _in_zones(self) -> Iterable[dns.rrset.RRset]:
        for resource in self._store.of(RECORD_SET):
            if self._days.lasts("dns-late", resource.created):
                continue
            values = _values(resource)
            name = dns.name.from_text(host_of(resource))
            if values:
                yield dns.rrset.from_text(name, _TTL, "IN", kind_of(resource), *values)


def kind_of(record_set: Resource) -> str:
    """Type of a record set: CNAME, TXT, A."""
    return str(record_set.inputs["recordType"]).upper()


def host_of(record_set: Resource) -> str:
    """Whole name of a record set."""
    zone, relative = name_of(parent_of(record_set.id)), name_of(record_set.id)
    return zone if relative == "@" else f"{relative}.{zone}"


def _values(resource: Resource) -> list[str]:
    """Values of a record set as in a zone file."""
    inputs = resource.inputs
    match kind_of(resource):
        case "CNAME":
            target = section(inputs, "cnameRecord").get("cname")
            return [f"{str(target).rstrip('.')}."] if target else []
        case "TXT":
            return [
                " ".join(f'"{part}"' for part in strings(record, "value"))
                for record in objects(inputs, "txtRecords")
            ]
        case _:
            addresses = [str(r["ipv4Address"]) for r in objects(inputs, "aRecords")]
            return addresses or ([_ALIAS_ADDRESS] if inputs.get("targetResource") else [])


def _text(text: str) -> str:
    """A record's value without dots at its end, quotes or the division of a long text."""
    return text.replace('" "', "").strip('"') if text.startswith('"') else text.rstrip(".")
