"""Own names in the local cloud: DNS, refusals, certificates, and what serves a name."""

from collections.abc import AsyncIterator
from typing import Any

import dns.asyncresolver
import dns.resolver
import httpx
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.dns import FILE
from frugal.cloud.errors import CloudError
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import SUBSCRIPTION, Made
from tests.cloud.test_rules import Edge, World, edge, world

__all__ = ["edge", "world"]

WWW = "www.example.com"
CERTIFICATE = {"subjectName": WWW, "domainControlValidation": "CNAME"}


@pytest.fixture
async def azure(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    async with arm_client(cloud) as client:
        yield client


def write(cloud: Cloud, *records: str) -> None:
    """The records of a provider elsewhere."""
    (cloud.folder / FILE).write_text("\n".join(records) + "\n")


async def ask(cloud: Cloud, name: str, kind: str) -> list[str]:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], cloud.dns.port
    answer = await resolver.resolve(name, kind, lifetime=5)
    return sorted(str(one) for one in answer)


async def zone(world: World, name: str = "example.com") -> Made:
    return await world.make("dns:Zone", "zone", zoneName=name, location="global")


async def record(world: World, kind: str, name: str, **body: Any) -> Made:
    return await world.make(
        "dns:RecordSet",
        f"{name}-{kind}",
        zoneName="example.com",
        recordType=kind,
        relativeRecordSetName=name,
        ttl=300,
        **body,
    )


async def test_zones_and_the_file_are_answered_by_a_real_server(cloud: Cloud, world: World) -> None:
    made = await zone(world)
    assert len(made.outputs["nameServers"]) == 4
    await record(world, "CNAME", "www", cnameRecord={"cname": "app.example.net"})
    await record(world, "TXT", "asuid.www", txtRecords=[{"value": ["A" * 200, "B"]}])
    await record(world, "A", "@", aRecords=[{"ipv4Address": "192.0.2.1"}])
    write(cloud, 'other.example.org. 300 IN TXT "proof"', "b.example.org. IN A 192.0.2.2")

    assert await ask(cloud, WWW, "CNAME") == ["app.example.net."]
    assert cloud.dns.values(f"asuid.{WWW}", "TXT") == ["A" * 200 + "B"]
    assert await ask(cloud, "example.com", "A") == ["192.0.2.1"]
    assert await ask(cloud, "OTHER.example.org", "TXT") == ['"proof"']
    assert await ask(cloud, "b.example.org", "A") == ["192.0.2.2"]
    with pytest.raises(dns.resolver.NXDOMAIN):
        await ask(cloud, "nobody.example.com", "A")
    with pytest.raises(dns.resolver.NoAnswer):
        await ask(cloud, "example.com", "TXT")


async def test_a_damaged_file_is_named_and_stops_nothing(
    cloud: Cloud, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    write(cloud, "www.example.com CNAME")
    with pytest.raises(dns.resolver.NoNameservers):
        await ask(cloud, WWW, "CNAME")
    assert str(cloud.folder / FILE) in capsys.readouterr().out
    with pytest.raises(CloudError, match="InvalidZoneFile"):
        cloud.dns.values(WWW, "CNAME")
    write(cloud, "www.example.com. CNAME app.example.net.")
    assert await ask(cloud, WWW, "CNAME") == ["app.example.net."]


async def test_an_apex_has_no_cname_and_a_cname_stands_alone(world: World) -> None:
    await zone(world)
    assert "apex" in await world.refused(
        "dns:RecordSet",
        "apex",
        zoneName="example.com",
        recordType="CNAME",
        relativeRecordSetName="@",
        cnameRecord={"cname": "a.example.net"},
    )
    await record(world, "TXT", "www", txtRecords=[{"value": ["x"]}])
    assert "stands alone" in await world.refused(
        "dns:RecordSet",
        "www",
        zoneName="example.com",
        recordType="CNAME",
        relativeRecordSetName="www",
        cnameRecord={"cname": "a.example.net"},
    )


async def test_records_may_be_late(cloud: Cloud, world: World) -> None:
    cloud.days.switch({"dns-late": {"seconds": 60}})
    await zone(world)
    await record(world, "A", "@", aRecords=[{"ipv4Address": "192.0.2.1"}])
    assert cloud.dns.values("example.com", "A") == []
    cloud.days.advance(61)
    assert cloud.dns.values("example.com", "A") == ["192.0.2.1"]


async def domain(edge: Edge, host: str = WWW) -> Made:
    return await edge.world.make(
        "cdn:AFDCustomDomain",
        host.replace(".", "-"),
        profileName=edge.profile,
        hostName=host,
        tlsSettings={"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"},
    )


async def edge_state(azure: httpx.AsyncClient, made: Made) -> dict[str, Any]:
    return (await azure.get(made.id)).json()["properties"]


async def test_a_name_at_the_edge_is_served_once_approved_and_routed(
    cloud: Cloud, edge: Edge, azure: httpx.AsyncClient
) -> None:
    made = await domain(edge)
    token = made.outputs["validationProperties"]["validationToken"]
    assert made.outputs["domainValidationState"] == "Pending"
    await edge.origin()
    body = {**edge.route_body("/*"), "customDomains": [{"id": made.id}]}
    route = await edge.world.make("cdn:Route", "pages", **body)
    write(cloud, f'_dnsauth.{WWW}. IN TXT "wrong"')
    assert (await edge_state(azure, made))["domainValidationState"] == "Pending"
    assert cloud.domains.targets == {}

    write(cloud, f'_dnsauth.{WWW}. IN TXT "{token}"')
    assert (await edge_state(azure, made))["domainValidationState"] == "Approved"
    assert list(cloud.domains.targets) == [WWW]
    write(cloud)  # the record may go
    assert (await edge_state(azure, made))["domainValidationState"] == "Approved"
    assert "associated with the route" in await edge.world.not_deleted(made)
    await edge.world.engine.delete(route)
    assert cloud.domains.targets == {}
    await edge.world.engine.delete(made)


async def test_a_token_lasts_seven_days(cloud: Cloud, edge: Edge, azure: httpx.AsyncClient) -> None:
    made = await domain(edge)
    token = made.outputs["validationProperties"]["validationToken"]
    cloud.days.advance(7 * 24 * 3600 + 1)
    assert (await edge_state(azure, made))["domainValidationState"] == "TimedOut"
    write(cloud, f'_dnsauth.{WWW}. IN TXT "{token}"')
    assert (await edge_state(azure, made))["domainValidationState"] == "TimedOut"
    assert (await azure.post(f"{made.id}/refreshValidationToken")).status_code == 202
    renewed = await edge_state(azure, made)
    assert renewed["domainValidationState"] == "Pending"
    assert renewed["validationProperties"]["validationToken"] != token


async def test_a_name_is_at_one_edge(edge: Edge) -> None:
    await domain(edge)
    assert "in use already" in await edge.world.refused(
        "cdn:AFDCustomDomain",
        "again",
        profileName=edge.profile,
        hostName=WWW,
        tlsSettings={"certificateType": "ManagedCertificate"},
    )


async def test_a_static_site_takes_a_name_that_points_to_it(
    cloud: Cloud, world: World, azure: httpx.AsyncClient
) -> None:
    site = await world.make("web:StaticSite", "pages", sku={"name": "Free", "tier": "Free"})
    path = f"{site.id}/customDomains/{WWW}"
    body = {"properties": {"validationMethod": "cname-delegation"}}
    refused = await azure.put(path, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    write(cloud, f"{WWW}. CNAME {site.outputs['defaultHostname']}.")
    answer = await azure.put(path, json=body)
    assert (answer.status_code, answer.json()["properties"]["status"]) == (202, "Ready")
    assert list(cloud.domains.targets) == [WWW]
    assert (await azure.delete(path)).status_code == 200
    assert cloud.domains.targets == {}


async def test_a_body_put_over_http_is_checked(world: World, azure: httpx.AsyncClient) -> None:
    site = await world.make("web:StaticSite", "pages", sku={"name": "Free", "tier": "Free"})
    answer = await azure.put(f"{site.id}/customDomains/{WWW}", json={"properties": {"method": 1}})
    assert answer.json()["error"]["code"] == "InvalidRequestContent"
    assert f"/subscriptions/{SUBSCRIPTION}/" in site.id
