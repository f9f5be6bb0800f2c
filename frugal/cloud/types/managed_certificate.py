"""Own names of container apps, and the certificates that Azure issues for them.

Refusals and their texts: pulumi-azure-native #2614 (RequireCustomHostnameInEnvironment, 2023-07),
azure-container-apps #525 (InvalidCustomHostNameValidation, 2022-12), rajbos/ai-engineering-fluency
pull request 739 (CertificateInUse, 2026-05). The text of FailedCnameValidation is ours.
"""

from collections.abc import Iterator
from typing import ClassVar

from typing_extensions import override

from frugal.cloud import issuance
from frugal.cloud.bodies import Body, objects, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of, parent_of
from frugal.cloud.resource_type import ResourceType, environment_id
from frugal.cloud.store import Resource
from frugal.cloud.types.plain import check_ownership

_APP = "azure-native:app:ContainerApp"


class ManagedCertificate(ResourceType):
    """A certificate of an environment. A name's records are looked up when it is asked for."""

    token = "azure-native:app:ManagedCertificate"
    is_put_over_http: ClassVar[bool] = True

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        host = _host(resource)
        environment = cloud.store.need(parent_of(resource.id))
        apps = [app for app in _apps(cloud, environment) if host in _declared(app)]
        if not apps:
            raise CloudError(
                "RequireCustomHostnameInEnvironment",
                f"Creating managed certificate requires hostname '{host}' added as a custom "
                f"hostname to a container app or route in environment '{name_of(environment.id)}'",
            )
        kind, wanted = _record(cloud, resource)
        found = cloud.dns.values(host, kind)
        if found != [wanted]:
            raise CloudError(
                "FailedCnameValidation" if kind == "CNAME" else "FailedHttpValidation",
                f"The {kind} record of '{host}' has to be {wanted}; it is "
                f"{', '.join(found) or 'missing'}.",
            )

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        issuance.ask(cloud, resource, _host(resource))
        cloud.later.start(self._issue(cloud, resource))

    async def _issue(self, cloud: Cloud, resource: Resource) -> None:
        await cloud.days.hold("certificate-slow", resource.data["asked"])
        cloud.serve_names()

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        state = _state(cloud, resource)
        reason = {"error": "The authority refused the request."} if state == "Failed" else {}
        return {"properties": {"provisioningState": state, **reason}}

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        environment = cloud.store.need(parent_of(resource.id))
        if any(_host(resource) in _declared(app) for app in _apps(cloud, environment)):
            raise CloudError(
                "CertificateInUse",
                f"Certificate '{name_of(resource.id)}' is used by existing custom domains "
                f"{_host(resource)}.",
            )


def check_custom_domains(cloud: Cloud, app: Resource) -> None:
    """Refuse names of a container app that it cannot have."""
    before = cloud.store.get(app.id)
    known = _declared(before) if before else {}
    for name, domain in _declared(app).items():
        if name not in known:
            check_ownership(cloud, app, name)
        given = domain.get("certificateId")
        if given and cloud.store.get(str(given)) is None:
            raise CloudError("CertificateNotFound", f"Certificate '{given}' doesn't exist")
        certificate = _certificate(cloud, app, name)
        if before and certificate and domain.get("bindingType") == "Auto" and not given:
            group, environment = certificate.id.split("/")[4], name_of(parent_of(certificate.id))
            cloud.days.refuse(
                "invalid-certificate-id",
                app.id,
                group=group,
                environment=environment,
                certificate=name_of(certificate.id),
            )


def bound_domains(cloud: Cloud, app: Resource) -> list[Body]:
    """A container app's names as Azure answers them, those that are bound with a certificate."""
    domains: list[Body] = []
    for name, declared in _declared(app).items():
        given = declared.get("certificateId")
        certificate = cloud.store.get(str(given)) if given else _certificate(cloud, app, name)
        shown = {key: value for key, value in declared.items() if key != "certificateId"}
        if certificate is not None and _state(cloud, certificate) == "Succeeded":
            shown["certificateId"] = certificate.id
        domains.append(shown)
    return domains


def _state(cloud: Cloud, certificate: Resource) -> issuance.State:
    def is_right() -> bool:
        kind, wanted = _record(cloud, certificate)
        return cloud.dns.values(_host(certificate), kind) == [wanted]

    return issuance.state(cloud, certificate, is_right)


def _record(cloud: Cloud, certificate: Resource) -> tuple[str, str]:
    """Type and value of the record that validates a certificate's name."""
    environment = cloud.store.need(parent_of(certificate.id))
    if section(certificate.inputs, "properties").get("domainControlValidation") == "HTTP":
        return "A", str(environment.computed["staticIp"])
    apps = [app for app in _apps(cloud, environment) if _host(certificate) in _declared(app)]
    hosts = [section(app.computed, "configuration", "ingress").get("fqdn") for app in apps]
    return "CNAME", str(next(iter(hosts), ""))


def _declared(app: Resource) -> dict[str, Body]:
    """Declared names of a container app, by name."""
    domains = objects(app.inputs, "configuration", "ingress", "customDomains")
    return {str(domain["name"]).lower(): domain for domain in domains}


def _apps(cloud: Cloud, environment: Resource) -> Iterator[Resource]:
    wanted = key_of(environment.id)
    return (app for app in cloud.store.of(_APP) if key_of(environment_id(app)) == wanted)


def _certificate(cloud: Cloud, app: Resource, name: str) -> Resource | None:
    inside = cloud.store.within(environment_id(app), ManagedCertificate.token)
    return next((one for one in inside if _host(one) == name), None)


def _host(certificate: Resource) -> str:
    return str(section(certificate.inputs, "properties").get("subjectName", "")).lower()
