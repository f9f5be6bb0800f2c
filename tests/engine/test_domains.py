"""Own domains under the real engine, on each host at once: with a zone, and with records by hand.

The program is the project's own stacks with four small sites and no database.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.engine.clone import Clone
from tests.engine.test_bad_days import (
    DOCKERFILE,
    cloud,
    destroy,
    ends_well,
    existing,
    recorded,
    up,
)
from tests.environment import Environment

PROGRAM = """\
from typing import Literal

import pulumi

from infra.components.static_site import StaticSite, StaticSiteArgs
from infra.models import SiteSettings
from infra.settings import load
from infra.stacks import address, platform
from infra.stacks.site import Deployed, Deployment


class Tiny(SiteSettings):
    host: Literal["containerApp", "appService", "staticSite"] = "containerApp"


def app(site):
    settings = {"PUBLIC_URL": site.url}
    made = site.run(
        ready_path="/", health_path="/", settings=settings, after=site.previous_app, port=8000
    )
    return site.publish(made, release="1")


def files(site):
    made = StaticSite(site.name, StaticSiteArgs(placement=site.platform.placement))
    url, outputs = address.declare_for_files(site.address_args, made)
    return Deployed(url=url, origin_url=url, outputs=outputs)


settings = load(dict.fromkeys(("contained", "fronted", "webapp", "pages"), Tiny))
base = platform.deploy(settings)
if base.zone:
    pulumi.export("dnsNameServers", base.zone.name_servers)
previous = None
for name, one in settings.sites.items():
    site = Deployment(
        name=name,
        settings=one,
        environment=settings,
        platform=base,
        data=None,
        previous=previous,
    ).with_address()
    previous = (files if one.host == "staticSite" else app)(site)
    pulumi.export(f"{name}Url", previous.url)
    for key, value in previous.outputs.items():
        pulumi.export(key, value)
"""
SITES: Mapping[str, Mapping[str, Any]] = {
    "contained": {"domain": "www.example.com", "www": True},
    "fronted": {"domain": "blog.example.com", "cdn": "frontDoor"},
    "webapp": {"domain": "shop.example.com", "host": "appService"},
    "pages": {"domain": "docs.example.com", "host": "staticSite"},
}
URLS = {f"{name}Url": f"https://{site['domain']}" for name, site in SITES.items()}
BOUND = {f"{name}DomainState": "bound" for name in SITES}
LATE = {"dns-late": {"seconds": 3}, "certificate-slow": {"seconds": 3}}
LATE["certificate-fails"] = {"times": 1}
NAMES = ["blog.example.com", "docs.example.com", "example.com", "shop.example.com"]
NAMES.append("www.example.com")


class World:
    """The clone with the program above; `configure` sets the sites' fields and more keys."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.file = clone.root / "Pulumi.local.yaml"
        self._before: dict[str, Any] = yaml.safe_load(self.file.read_text())
        self._kept = self.file.read_text()

    def configure(self, sites: Mapping[str, Mapping[str, Any]], **keys: Any) -> None:
        own = self._before["config"]
        config = {key: own[key] for key in own if key.startswith("azure-native:")}
        waits = {"server": 0, "roleAge": 0, "purge": 0, "pullLimit": 0}
        config |= {f"frugal:{key}": value for key, value in ({"waits": waits} | keys).items()}
        config |= {f"frugal:{name}": {**SITES[name], **more} for name, more in sites.items()}
        config |= {f"frugal:{name}": dict(SITES[name]) for name in SITES.keys() - sites.keys()}
        self.file.write_text(yaml.safe_dump({**self._before, "config": config}))

    def restore(self) -> None:
        self.file.write_text(self._kept)

    def up(self, *options: str) -> str:
        return ends_well(up(self.clone, *options))

    def outputs(self) -> dict[str, Any]:
        (stack,) = (
            one for one in self.clone.state()["resources"] if one["type"] == "pulumi:pulumi:Stack"
        )
        return stack["outputs"]

    def states(self) -> dict[str, str]:
        return {key: value for key, value in self.outputs().items() if key.endswith("DomainState")}

    def urls(self) -> dict[str, str]:
        return {key: value for key, value in self.outputs().items() if key.endswith("Url")}

    def unchanged(self) -> None:
        ends_well(self.clone.in_shell("pulumi", "preview", "-s", "local", "--expect-no-changes"))

    def app(self, name: str) -> dict[str, Any]:
        """Properties of a container app as Azure answers them."""
        (id_,) = [i for i in existing(self.clone) if i.endswith(f"/containerApps/{name}")]
        return Environment(self.clone).azure("GET", id_).json()["properties"]

    def bindings(self) -> dict[str, str]:
        ingress = self.app("contained")["configuration"]["ingress"]
        return {one["name"]: one["bindingType"] for one in ingress.get("customDomains", ())}

    def variable(self, app: str, name: str) -> str | None:
        (container,) = self.app(app)["template"]["containers"]
        return next((one["value"] for one in container["env"] if one["name"] == name), None)

    def write_records(self, *lines: str) -> None:
        (self.clone.cloud / "dns.zone").write_text("\n".join(lines) + "\n")

    def served(self) -> list[str]:
        return sorted(self.clone.status()["domains"]["names"])


@pytest.fixture
def world(clone: Clone) -> Iterator[World]:
    """The clone with the sites' folders and the program; what is up stays for the next test."""
    for name in ("contained", "fronted", "webapp"):
        folder = clone.root / "apps" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Dockerfile").write_text(DOCKERFILE)
    (clone.root / "infra" / "__main__.py").write_text(PROGRAM)
    clone.open_shell()
    world = World(clone)
    yield world
    cloud(clone).days({})
    world.restore()
    (clone.cloud / "dns.zone").unlink(missing_ok=True)


def test_with_a_zone_a_domain_is_there_after_one_run_and_stays(world: World) -> None:
    world.configure({}, dns={"zone": "create"}, domainWait="60")
    cloud(world.clone).days(LATE)
    world.up()
    assert world.states() == BOUND
    assert world.urls() == URLS
    assert world.served() == sorted(NAMES)
    assert len(world.outputs()["dnsNameServers"]) == 4
    assert world.bindings() == {"www.example.com": "Auto", "example.com": "Auto"}
    assert world.variable("contained", "PUBLIC_URL") == "https://www.example.com"
    assert world.variable("contained", "OTHER_HOSTS") == "example.com"
    world.unchanged()

    # Bound by the certificate's id from the first change on, a name outlasts a day on which Azure
    # refuses changes of apps that are bound by Auto.
    cloud(world.clone).days({"invalid-certificate-id": {}})
    for seconds in (301, 302):
        world.configure(
            {name: {"cooldownSeconds": seconds} for name in SITES},
            dns={"zone": "create"},
            domainWait="60",
        )
        world.up()
        assert world.bindings() == {"www.example.com": "SniEnabled", "example.com": "SniEnabled"}
    assert world.states() == BOUND
    assert world.served() == sorted(NAMES)
    azure_host = world.app("contained")["configuration"]["ingress"]["fqdn"]
    assert world.variable("contained", "OTHER_HOSTS") == f"example.com,{azure_host}"
    world.up("--refresh", "--expect-no-changes")

    changed = {name: {"domain": f"new-{name}.example.com", "www": False} for name in SITES}
    world.configure(changed, dns={"zone": "create"}, domainWait="60")
    world.up()
    assert world.states() == BOUND
    assert world.served() == sorted(f"new-{name}.example.com" for name in SITES)
    assert not [one for one in existing(world.clone) if "blog" in one or "shop" in one]

    removed = {name: {"domain": None, "www": False} for name in SITES}
    world.configure(removed)
    world.up()
    assert world.states() == {}
    assert world.served() == []
    assert "dnsNameServers" not in world.outputs()
    assert not re.search("Certificate|:dns:|CustomDomain|Binding", _kinds(world))
    assert recorded(world.clone) == existing(world.clone)


def test_records_by_hand_may_come_late_or_wrong(world: World) -> None:
    world.configure({}, domainWait="0")
    shown = world.up()
    assert world.states() == dict.fromkeys(BOUND, "pending")
    assert not URLS.keys() & {k for k, v in world.urls().items() if v == URLS[k]}
    assert world.bindings() == {}
    assert world.served() == []
    assert "contained: waiting for up to 0 seconds for these DNS records:" in shown
    records = sorted(set(re.findall(r"\S+\. 300 IN (?:A|CNAME|TXT) \S+", shown)))
    assert len(records) == 4 + 2 + 2 + 1, records  # the web app's proof is among them

    wrong = [re.sub(r"CNAME \S+", "CNAME elsewhere.example.net.", one) for one in records]
    world.write_records(*wrong)
    shown = world.up()
    assert "www.example.com CNAME: is elsewhere.example.net" in shown
    assert "it goes on from here" in shown
    assert world.states() == dict.fromkeys(BOUND, "pending")
    assert world.bindings() == {}

    world.write_records(*records)
    # Once they are right the edge has to look at them, and issue a certificate.
    world.configure({}, domainWait="60")
    world.up()
    assert world.states() == BOUND
    assert world.urls() == URLS
    assert world.served() == sorted(NAMES)
    world.unchanged()

    ends_well(destroy(world.clone))
    assert existing(world.clone) == []
    assert world.served() == []


def _kinds(world: World) -> str:
    return " ".join(str(one["type"]) for one in world.clone.status()["resources"])
