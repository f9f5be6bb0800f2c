"""Own names of web apps and static web apps, and App Service's managed certificates.

Refusals: learn.microsoft.com, Set up an existing custom domain in Azure App Service (read November
2026); MarcStan/lets-encrypt-azure #7 (2019-11: the certificate in use). Texts without a source
there are ours.
"""

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from frugal.cloud import issuance
from frugal.cloud.bodies import Body
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of, parent_of
from frugal.cloud.resource_type import ResourceType, short_hash
from frugal.cloud.store import Resource
from frugal.cloud.types.plain import check_ownership


class HostNameBinding(ResourceType):
    """A name of a web app, with a certificate or without one yet."""

    token = "azure-native:web:WebAppHostNameBinding"
    is_put_over_http: ClassVar[bool] = True

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        host, site = name_of(resource.id), cloud.store.need(parent_of(resource.id))
        thumbprint = resource.inputs.get("thumbprint")
        if resource.inputs.get("sslState") == "SniEnabled":
            issued = {thumbprint_of(cloud, one) for one in cloud.store.of(Certificate.token)}
            if not thumbprint or thumbprint not in issued:
                raise CloudError(
                    "NotFound", f"Certificate with thumbprint {thumbprint} was not found."
                )
        if cloud.store.get(resource.id) is None:
            check_cname(cloud, host, str(site.computed["defaultHostName"]))
            check_ownership(cloud, site, host)


class Certificate(ResourceType):
    """A managed certificate, for a name that a web app of its plan has."""

    token = "azure-native:web:Certificate"
    is_put_over_http: ClassVar[bool] = True

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        host = str(resource.inputs.get("canonicalName") or "")
        cloud.store.need(str(resource.inputs.get("serverFarmId")))
        if host not in {name_of(one.id) for one in cloud.store.of(HostNameBinding.token)}:
            raise CloudError(
                "BadRequest",
                f"Properties.CanonicalName is invalid. Certificate creation requires hostname "
                f"{host} added to an App Service in the serverFarmId.",
            )

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        issuance.ask(cloud, resource, str(resource.inputs.get("canonicalName")))

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        thumbprint = thumbprint_of(cloud, resource)
        return {"thumbprint": thumbprint} if thumbprint else {}

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        thumbprint = thumbprint_of(cloud, resource)
        for binding in cloud.store.of(HostNameBinding.token):
            if thumbprint and binding.inputs.get("thumbprint") == thumbprint:
                raise CloudError(
                    "Conflict",
                    f"Cannot remove certificate with thumbprint {thumbprint} because it is used "
                    f"for hostname {name_of(binding.id)}.",
                )


class StaticSiteCustomDomain(ResourceType):
    """A name of a static web app, validated by its CNAME record."""

    token = "azure-native:web:StaticSiteCustomDomain"
    is_put_over_http: ClassVar[bool] = True
    required: ClassVar[Mapping[str, object]] = {"validationMethod": "cname-delegation"}

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        site = cloud.store.need(parent_of(resource.id))
        check_cname(cloud, name_of(resource.id), str(site.computed["defaultHostname"]))

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"domainName": name_of(resource.id), "status": "Ready"}


def thumbprint_of(cloud: Cloud, certificate: Resource) -> str | None:
    """Thumbprint of a certificate, the same after a renewal; None until it is issued."""

    def is_right() -> bool:
        host = certificate.inputs.get("canonicalName")
        for binding in cloud.store.of(HostNameBinding.token):
            if name_of(binding.id) == host:
                site = cloud.store.need(parent_of(binding.id))
                return cloud.dns.values(str(host), "CNAME") == [site.computed["defaultHostName"]]
        return False

    if issuance.state(cloud, certificate, is_right) != "Succeeded":
        return None
    return short_hash(f"{certificate.id}#{certificate.created}", 40).upper()


def check_cname(cloud: Cloud, host: str, target: str) -> None:
    """Refuse a name whose CNAME record does not lead to its app."""
    found = cloud.dns.values(host, "CNAME")
    if [one.lower() for one in found] != [target.lower()]:
        raise CloudError(
            "BadRequest", f"A CNAME record pointing from {host} to {target} was not found."
        )
