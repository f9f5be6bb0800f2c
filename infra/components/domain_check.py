"""Check that a domain's DNS records are right, before the site uses the name.

No resource type waits for records that somebody else makes, so a dynamic resource does, for a
bounded time; the next `up` goes on where this one ended (docs/adr/0017).
Calls: Microsoft.Cdn 2025-06-01, AFDCustomDomains_Get and _RefreshValidationToken; Microsoft.App
2025-02-02-preview, ManagedCertificates_Get; Microsoft.Web 2025-05-01, WebApps_Get (azure-mgmt-cdn
13.1.1, -appcontainers 4.0.0b1, -web 11.0.1; read November 2026).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource

from frugal.notes import note
from infra import polling
from infra.arm import Arm
from infra.components.dynamic_provider import Provider, ProviderError
from infra.domains import TTL, Record

if TYPE_CHECKING:
    from infra.resolver import Resolver

APP_API_VERSION = "2025-02-02-preview"
CDN_API_VERSION = "2025-06-01"
WEB_API_VERSION = "2025-05-01"

_LONGEST_PAUSE = 10.0  # seconds between two look-ups
_APPROVED = "Approved"
# The token of such a domain counts no longer (learn.microsoft.com, "Domains in Azure Front Door").
_EXPIRED = {"TimedOut", "Rejected", "InternalError"}


class DomainError(ProviderError):
    """A name that the deployment cannot use, or would take away."""


class DomainCheck(DynamicResource, module="frugal", name="DomainCheck"):
    """Wait for the records of a site's host names; they are all right, or the name is not used.

    Outputs: `verified`; `settled`, once a release comes after the names were bound, from which on
    Azure's names may lead to them; for a container app `custom_domains`, its bindings (name,
    bindingType, certificateId).

    `site`: name in messages; `container_app`: id of the app, whose further names, made by hand,
    its next change would wipe: they are refused; `records`: what DNS must have; `name_servers`: of
    a new zone, which the registrar must know; `edge_domains`: ids of the Front Door domains that
    must be approved; `certificates`: ids of a container app's managed certificates by host name;
    `web_app`: id of the site's web app; `by_hand`: a person makes its records, and the app knows
    its verification id; `release`: identifies the deployed version and settings; `wait`: seconds.
    """

    verified: Output[bool]
    settled: Output[bool]
    custom_domains: Output[Sequence[Mapping[str, str]]]

    def __init__(
        self,
        name: str,
        *,
        site: str,
        hosts: Sequence[str],
        records: Sequence[Record],
        wait: float,
        name_servers: Input[Sequence[str]] = (),
        edge_domains: Sequence[Input[str]] = (),
        certificates: Mapping[str, Input[str]] | None = None,
        web_app: Input[str] | None = None,
        by_hand: bool = False,
        container_app: Input[str] | None = None,
        release: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "site": site,
            "hosts": list(hosts),
            "records": [one.properties for one in records],
            "wait": wait,
            "name_servers": name_servers,
            "edge_domains": list(edge_domains),
            "certificates": dict(certificates or {}),
            "web_app": web_app,
            "by_hand": by_hand,
            "container_app": container_app,
            "release": release,
            "verified": None,
            "settled": None,
            "custom_domains": None,
        }
        super().__init__(DomainCheckProvider(), name, props, opts)


class DomainCheckProvider(Provider):
    """Check at creation, when names or records change, and at each `up` until all are right."""

    triggers = ("hosts", "records", "edge_domains", "certificates", "web_app")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Check. Raises ArmError, and DomainError for names that would be wiped."""
        return CreateResult(f"{props['hosts'][0]}/check", _checked(props, {"hosts": []}))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Check again. Raises as `create`."""
        return UpdateResult(_checked(_news, _olds))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look the certificates up, so that a lost one is made again."""
        if not props.get("custom_domains"):
            return ReadResult(id_, props)
        with Arm() as arm:
            return ReadResult(id_, {**props, "custom_domains": _bindings(arm, props)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Find names that are not verified, or with a new release not settled yet."""
        found = super().diff(_id, _olds, _news)
        released = _olds.get("release") != _news.get("release")
        unsettled = not _olds.get("verified") or (released and not _olds.get("settled"))
        return DiffResult(changes=found.changes or unsettled)


def _checked(props: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's properties after a check. `earlier`: those after the run before."""
    with Arm() as arm:
        if props.get("container_app"):
            known = {*props["hosts"], *earlier["hosts"]}
            refuse_others(arm, str(props["container_app"]), known)
        # A program declares and looks nothing up, so it need not load the DNS library.
        from infra.resolver import Resolver  # noqa: PLC0415

        verified = check(arm, Resolver(arm.dns_server), props)
        bindings = _bindings(arm, props) if verified else []
        settled = (
            verified
            and bool(earlier.get("verified"))
            and earlier["hosts"] == props["hosts"]
            and all("certificateId" in one for one in bindings)
            and _is_secured(arm, props)
        )
    outputs = {"verified": verified, "settled": settled, "custom_domains": bindings}
    return {**props, **outputs}


def check(arm: Arm, resolver: "Resolver", props: Mapping[str, Any]) -> bool:
    """Wait until DNS has the records and Front Door its approval; return False if they are late.

    The records are printed as lines of a zone file when the first look finds one missing.
    Raises ArmError.
    """
    site, wait = str(props["site"]), float(props["wait"])
    records = [*props["records"]]
    if props["by_hand"]:
        known = proofs_of_web_app(arm, str(props["web_app"]), props["hosts"])
        if not known:  # made after this check, in the first run; it then prints the records
            return False
        records += known
    is_shown = False

    def look() -> str | None:
        nonlocal is_shown
        tokens, states = _edge_proofs(arm, props)
        missing = [text for one in records if (text := resolver.missing(one))]
        missing += [
            resolver.missing(token) or f"{name}: Front Door says {state}"
            for (name, state), token in zip(states.items(), tokens, strict=True)
            if state != _APPROVED
        ]
        if missing and not is_shown:
            is_shown = True
            note(f"{site}: waiting for up to {wait:.0f} seconds for these DNS records:")
            show_records([*records, *tokens], props["name_servers"])
        return "; ".join(missing) or None

    missing = polling.poll(look, deadline=wait, longest=_LONGEST_PAUSE, growth=1.5)
    if missing:
        note(
            f"{site}: not right after {wait:.0f} seconds: {missing}. The site stays on its Azure "
            "address. Make the records, and run the same command again: it goes on from here."
        )
    return missing is None


def refuse_others(arm: Arm, app: str, known: Collection[str]) -> None:
    """Refuse to wipe a container app's names that no setting has. Raises DomainError."""
    hosts = [str(one["name"]) for one in custom_domains(arm, app)]
    others = [host for host in hosts if host not in known]
    if others:
        raise DomainError(
            f"the container app {app.rsplit('/', 1)[-1]} has {', '.join(others)}, which somebody "
            "has bound by hand; this deployment would remove it. Remove it there (az containerapp "
            "hostname delete), or make it the site's domain"
        )


def custom_domains(arm: Arm, app: str) -> list[dict[str, Any]]:
    """Own names of a container app (resource id), as Azure has them; none if it does not exist."""
    body = arm.find(app, api_version=APP_API_VERSION) or {}
    for key in ("properties", "configuration", "ingress"):
        body = cast("dict[str, Any]", body.get(key) or {})
    return cast("list[dict[str, Any]]", body.get("customDomains") or [])


def show_records(records: Sequence[Mapping[str, Any]], name_servers: Sequence[str] = ()) -> None:
    """Print records as lines of a zone file, those of the delegation to a new zone apart."""
    for one in records:
        value = one["value"] or "(the addresses of its alias)"
        text = f'"{value}"' if one["type"] == "TXT" else f"{value}."
        text = str(value) if one["type"] == "A" else text
        note(f"  {one['name']}. {TTL} IN {one['type']} {text}")
    if name_servers:
        note("They are in the new zone. Name its servers where the domain is registered:")
        for server in name_servers:
            note(f"  {server}")


def proof(host: str, verification_id: Input[str]) -> Record:
    """Record that proves the ownership of a name to Container Apps and App Service."""
    return Record(type="TXT", name=f"asuid.{host}", value=verification_id)


def proofs_of_web_app(arm: Arm, web_app: str, hosts: Sequence[str]) -> list[Mapping[str, Any]]:
    """Records that prove the ownership to a web app; none if it does not exist yet."""
    site = arm.find(web_app, api_version=WEB_API_VERSION)
    if site is None:
        return []
    verification_id = str(site["properties"]["customDomainVerificationId"])
    return [proof(host, verification_id).properties for host in hosts]


def _is_secured(arm: Arm, props: Mapping[str, Any]) -> bool:
    """True if a web app has all names with their certificates, and for other hosts."""
    if not props.get("web_app"):
        return True
    for host in props["hosts"]:
        path = f"{props['web_app']}/hostNameBindings/{host}"
        binding = arm.find(path, api_version=WEB_API_VERSION) or {"properties": {}}
        if binding["properties"].get("sslState") != "SniEnabled":
            return False
    return True


def _edge_proofs(
    arm: Arm, props: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """Records that prove the ownership to Front Door, and its states by host name.

    A token that has expired is renewed; a record with the old one then has to change.
    """
    tokens: list[Mapping[str, Any]] = []
    states: dict[str, str] = {}
    for domain in props["edge_domains"]:
        body = arm.get(str(domain), api_version=CDN_API_VERSION)["properties"]
        if body["domainValidationState"] in _EXPIRED:
            arm.post(f"{domain}/refreshValidationToken", api_version=CDN_API_VERSION)
            body = arm.get(str(domain), api_version=CDN_API_VERSION)["properties"]
        host = str(body["hostName"])
        states[host] = str(body["domainValidationState"])
        proof_of = cast("dict[str, Any]", body.get("validationProperties") or {})
        token = proof_of.get("validationToken")
        tokens.append({"type": "TXT", "name": f"_dnsauth.{host}", "value": token})
    return tokens, states


def _bindings(arm: Arm, props: Mapping[str, Any]) -> list[dict[str, str]]:
    """Bindings of a container app: Auto until the certificate is issued, then by its id.

    Azure has refused updates of apps with a binding `Auto` (InvalidCertificateId, microsoft/
    azure-container-apps issue 1652, February 2026); it looks the certificate up wrongly.
    """
    certificates: Mapping[str, str] = props["certificates"]
    return [
        {"name": host, "bindingType": "SniEnabled", "certificateId": certificates[host]}
        if certificate_state(arm, certificates[host]) == "Succeeded"
        else {"name": host, "bindingType": "Auto"}
        for host in props["hosts"]
        if host in certificates
    ]


def certificate_state(arm: Arm, certificate: str) -> str | None:
    """State of a managed certificate (resource id); None if it does not exist. Raises ArmError."""
    found = arm.find(certificate, api_version=APP_API_VERSION)
    return None if found is None else str(found["properties"].get("provisioningState"))
