"""Look-ups of DNS records, by this machine's resolvers or a server of the cloud's own."""

from collections.abc import Mapping
from typing import Any, cast

import dns.exception
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.TXT import TXT

_LIFETIME = 5.0  # seconds for an answer


class Resolver:
    """Resolver without a cache of its own. `server`: host:port, "" for this machine's resolvers."""

    def __init__(self, server: str = "") -> None:
        self._resolver = dns.resolver.Resolver(configure=not server)
        if server:
            host, _, port = server.rpartition(":")
            self._resolver.nameservers = [host]
            self._resolver.port = int(port)

    def values(self, name: str, kind: str) -> list[str]:
        """Values of a name's records of one type; raises LookupError where DNS does not answer."""
        try:
            answer = self._resolver.resolve(name, kind, search=False, lifetime=_LIFETIME)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise LookupError(f"DNS does not answer ({error})") from error
        return [_value(one) for one in answer]

    def missing(self, record: Mapping[str, Any]) -> str | None:
        """Difference between a record (as in infra.domains.Record) and DNS; None without one."""
        name, kind, wanted = str(record["name"]), str(record["type"]), record["value"]
        try:
            found = self.values(name, kind)
        except LookupError as error:
            return f"{name} {kind}: {error}"
        if not found:
            return f"{name} {kind}: no such record"
        same = [value for value in found if wanted is None or value.lower() == str(wanted).lower()]
        # A name may have further TXT records; an address or a CNAME has to be the only one.
        if same and (kind == "TXT" or len(same) == len(found)):
            return None
        return f"{name} {kind}: is {', '.join(found)}"


def _value(data: dns.rdata.Rdata) -> str:
    if isinstance(data, CNAME):
        return cast("Any", data).target.to_text(omit_final_dot=True)
    if isinstance(data, TXT):
        return b"".join(data.strings).decode("utf-8", "replace")
    return data.to_text()
