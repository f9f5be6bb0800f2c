"""Own domains: host names, what is an apex, and the DNS records that a site needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from publicsuffixlist import PublicSuffixList
from pulumi import Input

from infra.naming import DNS_ZONE_ID

TTL = 300
"""Seconds that resolvers may keep a record: short, since a wrong one is put right by a person."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = rf"^(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z][a-z0-9-]*[a-z0-9]\Z"
"""Pattern of a domain in the settings: lower case, international names as xn--…."""

CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A DNS record that a site needs. `name`: without the dot at its end.

    `value`: None for an alias, whose addresses are Azure's to choose; `alias`: id of the resource
    that it points to.
    """

    type: Literal["A", "CNAME", "TXT"]
    name: str
    value: Input[str] | None
    alias: Input[str] | None = None

    @property
    def properties(self) -> dict[str, Any]:
        """The record as a dynamic resource has it: type, name, value."""
        return {"type": self.type, "name": self.name, "value": self.value}


def registrable(host: str) -> str | None:
    """The domain that its owner registered: example.co.uk of www.example.co.uk.

    None for a public suffix itself (co.uk, azurewebsites.net).
    """
    return _suffixes().privatesuffix(host)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def hosts(domain: str | None, *, www: bool) -> tuple[str, ...]:
    """A site's host names, the canonical one first; none without a domain."""
    if domain is None:
        return ()
    other = domain.removeprefix("www.") if domain.startswith("www.") else f"www.{domain}"
    return (domain, other) if www else (domain,)


def zone_name(zone: str | None, names: Iterable[str]) -> str | None:
    """Name of the DNS zone: of the one given by its id, or of the one to create for these names.

    `zone`: the setting `dns.zone`.
    """
    if zone is None:
        return None
    if zone == CREATE:
        return next((registrable(name) for name in names), None)
    matched = DNS_ZONE_ID.match(zone)
    return matched["name"].lower() if matched else None


def is_apex(host: str, zone: str | None) -> bool:
    """True for the name of a zone, which can have no CNAME record. `zone`: name of the zone."""
    return host in (zone, registrable(host))


def relative_name(host: str, zone: str) -> str:
    """Name of a record in its zone; @ for the zone's own."""
    return "@" if host == zone else host.removesuffix(f".{zone}")
