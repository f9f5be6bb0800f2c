"""Processes and listeners of resources, and their part of `frugal status`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from frugal.cloud.listen import Listener

Health = Literal["starting", "healthy", "asleep", "stopped", "failed"]
_WORST_FIRST: tuple[Health, ...] = ("failed", "stopped", "starting", "asleep", "healthy")


@dataclass(kw_only=True)
class Report:
    """Addresses on this machine, health and details of everything that runs.

    `urls` has for each site `<site>` (its edge where there is one, else the site itself) and
    `<site>_origin`; `hosts` maps the declared host names to local addresses.
    """

    urls: dict[str, str] = field(default_factory=dict[str, str])
    health: dict[str, Health] = field(default_factory=dict[str, Health])
    hosts: dict[str, str] = field(default_factory=dict[str, str])
    apps: dict[str, object] = field(default_factory=dict[str, object])
    postgres: dict[str, object] = field(default_factory=dict[str, object])

    def add_health(self, name: str, health: Health) -> None:
        """Add a health under a name that several may share; the worst is shown."""
        both = {health, self.health.get(name, health)}
        self.health[name] = next(one for one in _WORST_FIRST if one in both)


class Running(ABC):
    """Something that runs for a resource, from its creation or the daemon's start on."""

    serves_apps: ClassVar[bool] = False
    """Apps need it until they have ended."""

    @abstractmethod
    async def stop(self) -> None:
        """End it; the resource stays for the next start."""

    def report(self, report: Report) -> None:
        """Add its part of `frugal status`; nothing, unless a class overrides this."""
        del report


class Served(Running):
    """Something that answers HTTP on a port of the loopback."""

    listener: Listener

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self.listener.port


class Site(Served):
    """A site at 127.0.0.1:`port`; `host` is its declared name, `name` is for people."""

    name: str
    host: str

    @abstractmethod
    def health(self) -> Health:
        """Return how it is."""

    def report(self, report: Report) -> None:
        """Add its address and health."""
        address = local_address(self.port)
        report.hosts[self.host] = report.urls[f"{self.name}_origin"] = address
        report.urls.setdefault(self.name, address)
        report.add_health(self.name, self.health())


class EmulatedHost(Listener, Running):
    """A host of Azure's own, emulated over TLS at 127.0.0.1:`port`."""

    host: str


def local_address(port: int) -> str:
    """The address of a port of this machine, as it is shown."""
    return f"http://localhost:{port}/"
