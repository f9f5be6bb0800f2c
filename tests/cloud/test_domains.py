"""Own names in the local cloud: DNS, refusals, certificates, and what serves a name."""

from collections.abc import AsyncIterator
from typing import Any

import dns.asyncresolver
import dns.resolver
import httpx
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.dns import FILE
from frugal.cloud.domains import LIFETIME, RENEWED_BEFORE
from frugal.cloud.errors import CloudError
from frugal.cloud.store import Resource
from frugal.cloud.types.managed_certificate import bound_domains, check_custom_domains
from frugal.cloud.types.plain import verification_id
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import SUBSCRIPTION, Made
from tests.cloud.test_rules import Edge, World, edge, world

__all__ = ["edge", "world"]

WWW = "www.example.com"
APP = "azure-native:app:ContainerApp"


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


async def test_a_name_at_the_edge_is_renewed_while_it_points_there(
    cloud: Cloud, edge: Edge, azure: httpx.AsyncClient
) -> None:
    made = await domain(edge)
    token = made.outputs["validationProperties"]["validationToken"]
    pointer = f"{WWW}. CNAME {edge.endpoint.outputs['hostName']}."
    write(cloud, f'_dnsauth.{WWW}. IN TXT "{token}"')
    assert (await edge_state(azure, made))["domainValidationState"] == "Approved"
    cloud.days.advance(DUE)
    assert (await edge_state(azure, made))["domainValidationState"] == "PendingRevalidation"
    write(cloud, pointer)
    assert (await edge_state(azure, made))["domainValidationState"] == "Approved"
    write(cloud)
    assert (await edge_state(azure, made))["domainValidationState"] == "Approved"


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


class ContainerApp:
    """A container app that is in the store and does not run, in an environment."""

    def __init__(self, cloud: Cloud, environment: Made) -> None:
        self.cloud, self.environment = cloud, environment
        group = environment.id.partition("/providers/")[0]
        self.id = f"{group}/providers/Microsoft.App/containerApps/site"
        self.host = f"site.{environment.outputs['defaultDomain']}"
        self.proof = environment.outputs["customDomainConfiguration"]["customDomainVerificationId"]
        self.certificate = f"{environment.id}/managedCertificates/www"

    def put(self, *domains: dict[str, str]) -> None:
        """Put it as Azure takes it, or refuse its names."""
        ingress = {"customDomains": list(domains)}
        inputs = {
            "resourceGroupName": self.id.split("/")[4],
            "environmentId": self.environment.id,
            "configuration": {"ingress": ingress},
        }
        computed = {"configuration": {"ingress": {"fqdn": self.host}}}
        resource = Resource(id=self.id, token=APP, inputs=inputs, computed=computed)
        check_custom_domains(self.cloud, resource)
        self.cloud.store.put(resource)
        self.cloud.serve_names()

    def write_records(self) -> None:
        write(
            self.cloud,
            f"{WWW}. CNAME {self.host}.",
            f'asuid.{WWW}. TXT "{self.proof}"',
        )

    def bindings(self) -> list[dict[str, Any]]:
        return bound_domains(self.cloud, self.cloud.store.need(self.id))


AUTO = {"name": WWW, "bindingType": "Auto"}
DUE = (LIFETIME - RENEWED_BEFORE).total_seconds() + 1


@pytest.fixture
async def app(cloud: Cloud, world: World) -> AsyncIterator[ContainerApp]:
    environment = await world.make("app:ManagedEnvironment", "environment")
    app = ContainerApp(cloud, environment)
    yield app
    cloud.store.remove(Resource(id=app.id, token=APP, inputs={}))


async def ask_for_certificate(
    azure: httpx.AsyncClient, app: ContainerApp, method: str = "CNAME", host: str = WWW
) -> httpx.Response:
    properties = {"subjectName": host, "domainControlValidation": method}
    body = {"location": "eastus", "properties": properties}
    return await azure.put(app.certificate, json=body)


async def test_a_container_app_needs_the_proof_of_a_name(app: ContainerApp) -> None:
    with pytest.raises(CloudError) as error:
        app.put(AUTO)
    assert str(error.value) == (
        f"InvalidCustomHostNameValidation: A TXT record pointing from asuid.{WWW} to {app.proof} "
        "was not found."
    )
    app.write_records()
    app.put(AUTO)
    write(app.cloud)
    app.put(AUTO)  # proven once
    with pytest.raises(CloudError, match="CertificateNotFound"):
        app.put({"name": WWW, "bindingType": "SniEnabled", "certificateId": app.certificate})


async def test_a_certificate_comes_after_the_name_and_goes_after_it(
    app: ContainerApp, azure: httpx.AsyncClient
) -> None:
    refused = await ask_for_certificate(azure, app)
    assert refused.json()["error"]["code"] == "RequireCustomHostnameInEnvironment"
    app.write_records()
    app.put(AUTO)
    write(app.cloud, f"{WWW}. CNAME elsewhere.example.net.")
    refused = await ask_for_certificate(azure, app)
    assert refused.json()["error"]["code"] == "FailedCnameValidation"
    refused = await ask_for_certificate(azure, app, "HTTP")
    assert refused.json()["error"]["code"] == "FailedHttpValidation"
    assert app.bindings() == [AUTO]

    app.write_records()
    assert (await ask_for_certificate(azure, app)).status_code == 202
    assert app.bindings() == [{**AUTO, "certificateId": app.certificate}]
    refused = await azure.delete(app.certificate)
    assert refused.json()["error"] == {
        "code": "CertificateInUse",
        "message": f"Certificate 'www' is used by existing custom domains {WWW}.",
    }
    app.put()
    assert (await azure.delete(app.certificate)).status_code == 200


async def test_an_apex_is_validated_by_its_address(
    app: ContainerApp, azure: httpx.AsyncClient
) -> None:
    write(app.cloud, "example.com. A 127.0.0.1", f'asuid.example.com. TXT "{app.proof}"')
    app.put({"name": "example.com", "bindingType": "Auto"})
    answer = await ask_for_certificate(azure, app, "HTTP", "example.com")
    assert answer.status_code == 202


async def test_a_certificate_may_be_slow_or_fail(
    app: ContainerApp, azure: httpx.AsyncClient
) -> None:
    async def state() -> str:
        return (await azure.get(app.certificate)).json()["properties"]["provisioningState"]

    app.write_records()
    app.put(AUTO)
    app.cloud.days.switch({"certificate-slow": {"seconds": 60}, "certificate-fails": {"times": 1}})
    await ask_for_certificate(azure, app)
    assert await state() == "Pending"
    app.cloud.days.advance(61)
    assert await state() == "Failed"
    assert app.bindings() == [AUTO]
    await ask_for_certificate(azure, app)
    assert await state() == "Pending"
    app.cloud.days.advance(61)
    assert await state() == "Succeeded"
    assert "certificateId" in app.bindings()[0]


async def test_a_certificate_is_renewed_while_the_records_are_right(
    app: ContainerApp, azure: httpx.AsyncClient
) -> None:
    app.write_records()
    app.put(AUTO)
    await ask_for_certificate(azure, app)
    bound = [{**AUTO, "certificateId": app.certificate}]
    app.cloud.days.advance(DUE)
    assert app.bindings() == bound  # renewed
    write(app.cloud)
    app.cloud.days.advance(DUE)
    assert app.bindings() == bound  # the old one holds for a while
    app.cloud.days.advance(RENEWED_BEFORE.total_seconds())
    assert app.bindings() == [AUTO]
    app.write_records()
    assert app.bindings() == bound


async def test_on_a_bad_day_an_app_that_is_bound_by_auto_refuses_changes(
    app: ContainerApp, azure: httpx.AsyncClient
) -> None:
    app.write_records()
    app.put(AUTO)
    app.cloud.days.switch({"invalid-certificate-id": {}})
    app.put(AUTO)  # no certificate yet
    await ask_for_certificate(azure, app)
    with pytest.raises(CloudError, match=r"InvalidCertificateId: .*'/subscriptions//"):
        app.put(AUTO)
    app.put({"name": WWW, "bindingType": "SniEnabled", "certificateId": app.certificate})
    app.put()


async def test_a_web_app_takes_a_name_then_a_certificate_then_both(
    cloud: Cloud, world: World, azure: httpx.AsyncClient
) -> None:
    plan = await world.make("web:AppServicePlan", "plan", kind="linux", reserved=True)
    group = plan.id.partition("/providers/")[0]
    site = f"{group}/providers/Microsoft.Web/sites/site"
    inputs = {"resourceGroupName": group.rsplit("/", 1)[-1], "serverFarmId": plan.id}
    resource = Resource(id=site, token="azure-native:web:WebApp", inputs=inputs)
    resource.computed = {"defaultHostName": "site.azurewebsites.net"}
    cloud.store.put(resource)
    binding, certificate = (
        f"{site}/hostNameBindings/{WWW}",
        (f"{group}/providers/Microsoft.Web/certificates/www"),
    )
    asked = {
        "location": "eastus",
        "properties": {"canonicalName": WWW, "serverFarmId": plan.id},
    }

    async def put(path: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = await azure.put(path, json=body)
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    named = {"properties": {"siteName": "site", "customHostNameDnsRecordType": "CName"}}
    assert await put(certificate, asked) == (400, "BadRequest")
    assert await put(binding, named) == (400, "BadRequest")
    write(cloud, f"{WWW}. CNAME site.azurewebsites.net.")
    assert await put(binding, named) == (400, "InvalidCustomHostNameValidation")
    proof = verification_id(resource)
    write(cloud, f"{WWW}. CNAME site.azurewebsites.net.", f'asuid.{WWW}. TXT "{proof}"')
    assert (await put(binding, named))[0] == 202
    secured = {"properties": {"sslState": "SniEnabled", "thumbprint": "0" * 40}}
    assert await put(binding, secured) == (404, "NotFound")
    assert (await put(certificate, asked))[0] == 202
    thumbprint = (await azure.get(certificate)).json()["properties"]["thumbprint"]
    secured["properties"]["thumbprint"] = thumbprint
    assert (await put(binding, secured))[0] == 202
    bound = (await azure.get(binding)).json()["properties"]
    assert (bound["sslState"], bound["siteName"]) == ("SniEnabled", "site")
    refused = await azure.delete(certificate)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "Conflict")
    assert (await azure.delete(binding)).status_code == 200
    assert (await azure.delete(certificate)).status_code == 200
    cloud.store.remove(resource)
