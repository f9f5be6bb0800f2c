"""Operations by which each kind of host takes a name and its certificate, and lets go of them.

Calls: Microsoft.App 2025-02-02-preview, ManagedCertificates_CreateOrUpdate, _Get, _Delete and
ContainerApps_Get, _Update; Microsoft.Web 2025-05-01, WebApps_CreateOrUpdateHostNameBinding and
_DeleteHostNameBinding, Certificates_CreateOrUpdate, _Get, _Delete,
StaticSites_CreateOrUpdateStaticSiteCustomDomain, _Get… and _Delete… (azure-mgmt-appcontainers
4.0.0b1, azure-mgmt-web 11.0.1, read November 2026).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from infra import waits
from infra.arm import Arm, ArmError
from infra.components.domain_check import (
    APP_API_VERSION,
    WEB_API_VERSION,
    certificate_state,
    custom_domains,
    proofs_of_web_app,
)
from infra.components.wait import until


class Binder(ABC):
    """Operations by which one kind of host takes a name. All raise ArmError."""

    def __init__(self, arm: Arm, props: Mapping[str, Any]) -> None:
        self.arm = arm
        self.target = str(props["target"])
        self.holder = str(props["holder"])
        self.props = props

    @abstractmethod
    def exists(self) -> bool:
        """Return True if the app exists."""

    @abstractmethod
    def bind(self, host: str) -> None:
        """Take the next step of a binding; to repeat it does no harm."""

    @abstractmethod
    def missing(self, hosts: Sequence[str]) -> str | None:
        """Say what the binding of these names lacks; None if they are bound."""

    @abstractmethod
    def unbind(self, hosts: Sequence[str]) -> None:
        """Remove bindings and certificates; missing ones are no error. Raises WaitError."""

    def proofs(self, hosts: Sequence[str]) -> list[Mapping[str, Any]]:
        """Records that only the app itself can name."""
        del hosts
        return []

    def remove_certificate(self, certificate: str, api_version: str) -> None:
        """Delete a certificate as soon as nothing uses it. Raises WaitError.

        Until then it is refused: CertificateInUse (rajbos/ai-engineering-fluency pull request 739,
        2026-05), on App Service 409 (MarcStan/lets-encrypt-azure issue 7, 2019-11).
        """

        def look() -> str | None:
            try:
                self.arm.delete(certificate, api_version=api_version)
            except ArmError as error:
                if error.code not in ("CertificateInUse", "Conflict"):
                    raise
                return str(error)
            return None

        name = certificate.rsplit("/", 1)[-1]
        until(look, f"the certificate {name} is not deleted", deadline=waits.seconds("deadline"))


class ContainerAppBinder(Binder):
    """Managed certificates of an environment; the app's own body has the names."""

    @override
    def exists(self) -> bool:
        return self.arm.exists(self.target, api_version=APP_API_VERSION)

    @override
    def bind(self, host: str) -> None:
        certificate = managed_certificate(self.holder, host)
        # A failed one is sent again, which starts the validation anew.
        if certificate_state(self.arm, certificate) not in (None, "Failed"):
            return
        is_apex = host in self.props["apexes"]
        self.arm.put(
            certificate,
            api_version=APP_API_VERSION,
            body={
                "location": self.props["location"],
                "properties": {
                    "subjectName": host,
                    "domainControlValidation": "HTTP" if is_apex else "CNAME",
                },
            },
        )

    @override
    def missing(self, hosts: Sequence[str]) -> str | None:
        bound = {
            str(one["name"])
            for one in custom_domains(self.arm, self.target)
            if one.get("certificateId")
        }
        for host in hosts:
            certificate = managed_certificate(self.holder, host)
            if (state := certificate_state(self.arm, certificate)) != "Succeeded":
                return f"the certificate of {host} is {state}"
            if host not in bound:
                return f"{host} is not bound to its certificate yet"
        return None

    @override
    def unbind(self, hosts: Sequence[str]) -> None:
        """Take the names from the app first: it goes after this resource."""
        domains = custom_domains(self.arm, self.target)
        others = [one for one in domains if one["name"] not in hosts]
        if len(others) < len(domains):
            ingress = {"customDomains": others}
            self.arm.patch(
                self.target,
                api_version=APP_API_VERSION,
                body={"properties": {"configuration": {"ingress": ingress}}},
            )
        for host in hosts:
            self.remove_certificate(managed_certificate(self.holder, host), APP_API_VERSION)


class WebAppBinder(Binder):
    """Host name binding, certificate, and the binding again with the certificate."""

    @override
    def exists(self) -> bool:
        return self.arm.exists(self.target, api_version=WEB_API_VERSION)

    @override
    def proofs(self, hosts: Sequence[str]) -> list[Mapping[str, Any]]:
        return proofs_of_web_app(self.arm, self.target, hosts)

    @override
    def bind(self, host: str) -> None:
        binding = self._binding(host)
        if binding is None:
            self._put_binding(host, {})
        thumbprint = self._thumbprint(host)
        if thumbprint is None:
            self.arm.put(
                self._certificate(host),
                api_version=WEB_API_VERSION,
                body={
                    "location": self.props["location"],
                    "properties": {"canonicalName": host, "serverFarmId": self.props["plan"]},
                },
            )
            thumbprint = self._thumbprint(host)
        if thumbprint and (binding or {}).get("thumbprint") != thumbprint:
            self._put_binding(host, {"sslState": "SniEnabled", "thumbprint": thumbprint})

    @override
    def missing(self, hosts: Sequence[str]) -> str | None:
        for host in hosts:
            binding = self._binding(host)
            if binding is None:
                return f"{host} has no host name binding"
            if binding.get("sslState") != "SniEnabled":
                return f"{host} has no certificate yet"
        return None

    @override
    def unbind(self, hosts: Sequence[str]) -> None:
        for host in hosts:
            self.arm.delete(self._binding_id(host), api_version=WEB_API_VERSION)
            self.remove_certificate(self._certificate(host), WEB_API_VERSION)

    def _binding_id(self, host: str) -> str:
        return f"{self.target}/hostNameBindings/{host}"

    def _certificate(self, host: str) -> str:
        return f"{self.holder}/providers/Microsoft.Web/certificates/{certificate_name(host)}"

    def _binding(self, host: str) -> Mapping[str, Any] | None:
        body = self.arm.find(self._binding_id(host), api_version=WEB_API_VERSION)
        return None if body is None else body["properties"]

    def _thumbprint(self, host: str) -> str | None:
        body = self.arm.find(self._certificate(host), api_version=WEB_API_VERSION)
        return None if body is None else body["properties"].get("thumbprint")

    def _put_binding(self, host: str, more: Mapping[str, str]) -> None:
        properties = {
            "siteName": self.target.rsplit("/", 1)[-1],
            "customHostNameDnsRecordType": "CName",
            "hostNameType": "Verified",
            **more,
        }
        self.arm.put(
            self._binding_id(host), api_version=WEB_API_VERSION, body={"properties": properties}
        )


class StaticSiteBinder(Binder):
    """Custom domains of a static web app, which has their certificates by itself."""

    @override
    def exists(self) -> bool:
        return self.arm.exists(self.target, api_version=WEB_API_VERSION)

    @override
    def bind(self, host: str) -> None:
        domain = self._domain(host)
        if domain is not None and domain.get("status") != "Failed":
            return
        self.arm.put(
            self._id(host),
            api_version=WEB_API_VERSION,
            body={"properties": {"validationMethod": "cname-delegation"}},
        )

    @override
    def missing(self, hosts: Sequence[str]) -> str | None:
        for host in hosts:
            domain = self._domain(host) or {}
            if domain.get("status") != "Ready":
                reason = domain.get("errorMessage") or domain.get("status") or "not added"
                return f"{host}: {reason}"
        return None

    @override
    def unbind(self, hosts: Sequence[str]) -> None:
        for host in hosts:
            self.arm.delete(self._id(host), api_version=WEB_API_VERSION)

    def _id(self, host: str) -> str:
        return f"{self.target}/customDomains/{host}"

    def _domain(self, host: str) -> Mapping[str, Any] | None:
        body = self.arm.find(self._id(host), api_version=WEB_API_VERSION)
        return None if body is None else body["properties"]


_BINDERS: Mapping[str, type[Binder]] = {
    "containerApp": ContainerAppBinder,
    "appService": WebAppBinder,
    "staticSite": StaticSiteBinder,
}


def binder(arm: Arm, props: Mapping[str, Any]) -> Binder:
    """The operations for the kind of host in these properties."""
    return _BINDERS[str(props["kind"])](arm, props)


def managed_certificate(environment: str, host: str) -> str:
    """Id of a host name's managed certificate in a Container Apps environment (resource id)."""
    return f"{environment}/managedCertificates/{certificate_name(host)}"


def certificate_name(host: str) -> str:
    """Name of a host name's certificate: known ahead, and another one for each name."""
    mark = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{host[:40].replace('.', '-')}-{mark}"
