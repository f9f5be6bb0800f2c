"""Bind a site's domain to its app: certificate, binding, and a bounded wait for both.

Azure takes a certificate only for a name that the app has already, and the app binds a name only to
a certificate that exists; no order of declared resources satisfies both (pulumi-azure-native issues
578, 2614, 3090). Nor can a declared resource be absent until DNS is right. So a dynamic resource
makes these parts after the app, and removes them before it (docs/adr/0017).
Calls: Microsoft.App 2025-02-02-preview, ManagedCertificates_CreateOrUpdate, _Get, _Delete and
ContainerApps_Get, _Update; Microsoft.Web 2025-05-01, WebApps_CreateOrUpdateHostNameBinding and
_DeleteHostNameBinding, Certificates_CreateOrUpdate, _Get, _Delete,
StaticSites_CreateOrUpdateStaticSiteCustomDomain, _Get… and _Delete… (azure-mgmt-appcontainers
4.0.0b1, azure-mgmt-web 11.0.1, read November 2026).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource
from typing_extensions import override

from frugal.notes import note
from infra import polling, waits
from infra.arm import Arm, ArmError
from infra.components.domain_check import (
    APP_API_VERSION,
    WEB_API_VERSION,
    certificate_state,
    custom_domains,
    proofs_of_web_app,
    show_records,
)
from infra.components.dynamic_provider import Provider
from infra.components.wait import until
from infra.domains import Record

_LONGEST_PAUSE = 10.0  # seconds between two polls
_EARLY = {400, 404, 409}
BOUND, PENDING = "bound", "pending"

Kind = Literal["containerApp", "appService", "staticSite"]


class DomainBinding(DynamicResource, module="frugal", name="DomainBinding"):
    """Binding of a site's host names. Output `state`: bound, or pending until a later run.

    `site`: name in messages; `target`: id of the app; `holder`: id of what has its certificates
    (environment or resource group; the static site has its own); `plan`: id of the web app's
    plan; `records`: what DNS must have, shown if a person has to make them; `verified`: False for
    records that are not right; `wait`: seconds. Deleting it unbinds the names.
    """

    state: Output[str]

    def __init__(
        self,
        name: str,
        *,
        site: str,
        kind: Kind,
        hosts: Sequence[str],
        target: Input[str],
        holder: Input[str],
        location: str,
        verified: Input[bool],
        wait: float,
        apexes: Sequence[str] = (),
        plan: Input[str] | None = None,
        records: Sequence[Record] = (),
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "site": site,
            "kind": kind,
            "hosts": list(hosts),
            "apexes": list(apexes),
            "target": target,
            "holder": holder,
            "location": location,
            "plan": plan,
            "records": [one.properties for one in records],
            "verified": verified,
            "wait": wait,
            "state": None,
        }
        super().__init__(DomainBindingProvider(), name, props, opts)


class DomainBindingProvider(Provider):
    """Bind at creation, when names change, and at each `up` until the names are bound."""

    triggers = ("hosts", "plan")
    replace_on = ("kind", "target", "holder")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Bind. Raises ArmError."""
        return CreateResult(f"{props['target']}/domains", _bound(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bind the new names, and remove the old ones. Raises ArmError, WaitError."""
        outputs = _bound(_news)
        gone = [host for host in _olds["hosts"] if host not in _news["hosts"]]
        with Arm() as arm:
            _binder(arm, _olds).unbind(gone)
        return UpdateResult(outputs)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Unbind all names. Raises ArmError, WaitError."""
        with Arm() as arm:
            _binder(arm, _props).unbind(_props["hosts"])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look whether the names are bound still; report the binding as deleted if the app is."""
        with Arm() as arm:
            binder = _binder(arm, props)
            if not binder.exists():
                return ReadResult("", {})
            state = PENDING if binder.missing(props["hosts"]) else BOUND
        return ReadResult(id_, {**props, "state": state})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Find new names, and names that are verified and not bound."""
        found = super().diff(_id, _olds, _news)
        ready = bool(_news.get("verified")) and _olds.get("state") != BOUND
        found.changes = found.changes or ready or _olds.get("verified") != _news.get("verified")
        return found


def _bound(props: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's properties after an attempt to bind."""
    with Arm() as arm:
        state = bind(arm, props)
    return {**props, "state": state}


def bind(arm: Arm, props: Mapping[str, Any]) -> str:
    """Bind a site's names and wait until they are; return the state. Raises ArmError."""
    site, wait = str(props["site"]), float(props["wait"])
    binder = _binder(arm, props)
    if not props["verified"]:
        # Shown by the check, but for what only the app itself knows, since its creation.
        if proofs := binder.proofs(props["hosts"]):
            note(f"{site}: make these DNS records, and run the same command again:")
            show_records([*props["records"], *proofs])
        return PENDING

    def look() -> str | None:
        try:
            for host in props["hosts"]:
                binder.bind(host)
        except ArmError as error:
            # Azure's own resolvers may be behind ours, and its app behind its answer.
            if error.status not in _EARLY:
                raise
            return str(error)
        return binder.missing(props["hosts"])

    missing = polling.poll(look, deadline=wait, longest=_LONGEST_PAUSE, growth=1.5)
    if missing:
        note(
            f"{site}: not bound after {wait:.0f} seconds: {missing}. Azure goes on by itself; run "
            "the same command again in some minutes, which waits again"
        )
        return PENDING
    return BOUND


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


class _ContainerApp(Binder):
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


class _WebApp(Binder):
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


class _StaticSite(Binder):
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
    "containerApp": _ContainerApp,
    "appService": _WebApp,
    "staticSite": _StaticSite,
}


def _binder(arm: Arm, props: Mapping[str, Any]) -> Binder:
    return _BINDERS[str(props["kind"])](arm, props)


def managed_certificate(environment: str, host: str) -> str:
    """Id of a host name's managed certificate in a Container Apps environment (resource id)."""
    return f"{environment}/managedCertificates/{certificate_name(host)}"


def certificate_name(host: str) -> str:
    """Name of a host name's certificate: known ahead, and another one for each name."""
    mark = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{host[:40].replace('.', '-')}-{mark}"
