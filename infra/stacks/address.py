"""Own domain of a site: its records, the check of them, and the names at the edge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pulumi import Input, Output, Resource, ResourceOptions

from infra.components.app_service import AppService
from infra.components.container_app import ContainerApp
from infra.components.dns_zone import DnsRecords, DnsRecordsArgs
from infra.components.domain_binder import managed_certificate
from infra.components.domain_binding import BOUND, PENDING, DomainBinding
from infra.components.domain_check import DomainCheck, proof
from infra.components.edge_domains import EdgeDomains, EdgeDomainsArgs
from infra.components.site_route import SiteRoute
from infra.components.static_site import StaticSite
from infra.domains import Record, is_apex
from infra.models import SiteSettings, secrets_of
from infra.settings import Settings
from infra.stacks.platform import Platform


@dataclass(frozen=True, kw_only=True)
class AddressArgs:
    """A site whose names are declared.

    `environment`: settings of the whole environment; `origin_host`, `container_app_id`,
    `web_app_id`: of its app, known before it is created; `last_route`: the last write to the edge's
    profile before this site.
    """

    name: str
    settings: SiteSettings
    environment: Settings
    platform: Platform
    origin_host: Output[str]
    container_app_id: Output[str]
    web_app_id: Output[str]
    last_route: SiteRoute | None


@dataclass(frozen=True, kw_only=True)
class Address:
    """A site's own names.

    `check`: the site uses the names once it has verified them; `records`: the records to be made,
    those of an App Service's ownership excepted; `edge_domains`: ids of the names at the edge,
    which `edge_writes` made.
    """

    hosts: Sequence[str]
    check: DomainCheck
    records: Sequence[Record]
    edge_domains: Sequence[Input[str]] = ()
    edge_writes: Sequence[Resource] = ()

    @property
    def edge_state(self) -> Output[str]:
        """State of a name at the edge, which needs no binding beyond the check."""
        return self.check.verified.apply(lambda verified: BOUND if verified else PENDING)


def declare(site: AddressArgs) -> Address | None:
    """Declare a site's names before its app, which gets its public address as a setting.

    None for a site without a domain, and for files, which need no address.
    """
    hosts = site.settings.hosts
    if not hosts or not site.settings.is_container:
        return None
    if site.settings.is_behind_edge:
        return _at_the_edge(site)
    platform = site.platform
    points = [_pointer(site, host, site.origin_host) for host in hosts]
    if site.settings.host == "appService":
        # Its verification id is known after its creation.
        return _checked(site, points, by_hand=platform.zone is None)
    verification_id = platform.environment.custom_domain_configuration.apply(
        lambda configuration: configuration.custom_domain_verification_id if configuration else ""
    )
    return _checked(site, [*points, *(proof(host, verification_id) for host in hosts)])


def _at_the_edge(site: AddressArgs) -> Address:
    """Declare names at the edge, which do not concern the app's host."""
    platform, hosts = site.platform, site.settings.hosts
    edge, endpoint = platform.edge, platform.endpoints[site.name]
    domains = EdgeDomains(
        f"{site.name}-domains",
        EdgeDomainsArgs(
            placement=platform.placement,
            profile_name=endpoint.profile_name,
            hosts=hosts,
            after=[one for one in (edge, site.last_route) if one],
        ),
    )
    points = [_pointer(site, host, endpoint.host, alias=endpoint.id) for host in hosts]
    # The check asks Front Door for the tokens, which it renews when they have expired.
    proofs = [
        Record(type="TXT", name=f"_dnsauth.{host}", value=token)
        for host, token in zip(hosts, domains.tokens, strict=True)
    ]
    return _checked(site, points, proofs=proofs, domains=domains)


def _pointer(
    site: AddressArgs, host: str, target: Input[str], alias: Input[str] | None = None
) -> Record:
    """Record that leads a name to the site: an address or an alias for an apex, else a CNAME."""
    if not is_apex(host, site.platform.zone.name if site.platform.zone else None):
        return Record(type="CNAME", name=host, value=target)
    if alias is not None:
        return Record(type="A", name=host, value=None, alias=alias)
    return Record(type="A", name=host, value=site.platform.environment.static_ip)


def _checked(
    site: AddressArgs,
    records: Sequence[Record],
    *,
    proofs: Sequence[Record] = (),
    domains: EdgeDomains | None = None,
    by_hand: bool = False,
) -> Address:
    """Declare the records in the zone, if there is one, and the check.

    `proofs`: further records, which the check knows by itself; `by_hand`: a person makes the
    records of a web app.
    """
    platform, hosts = site.platform, site.settings.hosts
    after: list[Resource] = [domains] if domains else []
    if site.settings.is_container:
        # A check may wait for long, and must not take a thread from a build (see platform).
        after.append(platform.identities[site.name])
    if platform.zone:
        args = DnsRecordsArgs(zone=platform.zone, records=[*records, *proofs])
        after.append(DnsRecords(f"{site.name}-records", args, ResourceOptions()))
    is_container_app = site.settings.host == "containerApp" and not domains
    is_web_app = site.settings.host == "appService" and not domains
    certificates = {host: _certificate(site, host) for host in hosts} if is_container_app else None
    check = DomainCheck(
        f"{site.name}-check",
        site=site.name,
        hosts=hosts,
        records=records,
        name_servers=platform.zone.name_servers if platform.zone else (),
        edge_domains=domains.ids if domains else (),
        certificates=certificates,
        web_app=site.web_app_id if is_web_app else None,
        by_hand=by_hand,
        container_app=site.container_app_id if is_container_app else None,
        release=_release(site) if site.settings.is_container else "files",
        wait=site.environment.domain_wait,
        opts=ResourceOptions(depends_on=after),
    )
    return Address(
        hosts=hosts,
        check=check,
        records=records,
        edge_domains=domains.ids if domains else (),
        edge_writes=[domains] if domains else (),
    )


def _certificate(site: AddressArgs, host: str) -> Output[str]:
    return site.platform.environment.id.apply(lambda id_: managed_certificate(id_, host))


def _release(site: AddressArgs) -> Output[str]:
    """Fingerprint of the app's version and settings; a secret, since it is of secrets too."""
    settings = {
        "settings": site.settings.model_dump(mode="json"),
        "secrets": dict(secrets_of(site.settings)),
        "image": site.platform.images[site.name].reference,
    }
    return Output.secret(
        Output.json_dumps(settings).apply(lambda text: sha256(text.encode()).hexdigest())
    )


def declare_for_files(
    site: AddressArgs, files: StaticSite
) -> tuple[Output[str], Mapping[str, Output[str]]]:
    """Declare the names of a site of files; return its public address and outputs of the stack."""
    azure = Output.concat("https://", files.host)
    hosts = site.settings.hosts
    if not hosts:
        return azure, {}
    address = _checked(site, [_pointer(site, host, files.host) for host in hosts])
    state = bind(site, files, address).state
    url = Output.all(state, azure).apply(
        lambda known: f"https://{hosts[0]}" if known[0] == BOUND else str(known[1])
    )
    return url, {f"{site.name}DomainState": state}


def bind(
    site: AddressArgs, app: ContainerApp | AppService | StaticSite, address: Address
) -> DomainBinding:
    """Declare the binding of a site's names to its app."""
    platform, hosts = site.platform, site.settings.hosts
    zone = platform.zone
    after: list[Resource] = [app]
    if isinstance(app, AppService) and zone:
        proofs = [proof(host, app.verification_id) for host in hosts]
        after.append(DnsRecords(f"{site.name}-proofs", DnsRecordsArgs(zone=zone, records=proofs)))
    return DomainBinding(
        f"{site.name}-binding",
        site=site.name,
        kind=site.settings.host,
        hosts=hosts,
        apexes=[host for host in hosts if is_apex(host, zone.name if zone else None)],
        target=app.id,
        holder=platform.environment.id if isinstance(app, ContainerApp) else platform.group.id,
        location=platform.placement.location,
        plan=app.plan_id if isinstance(app, AppService) else None,
        records=address.records,
        verified=address.check.verified,
        wait=site.environment.domain_wait,
        opts=ResourceOptions(depends_on=after),
    )
