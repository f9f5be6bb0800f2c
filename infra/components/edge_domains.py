"""Own names of a site on the Front Door profile, with certificates that Azure issues and renews."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import cdn

from infra.components.placement import Placement


@dataclass(frozen=True, kw_only=True)
class EdgeDomainsArgs:
    """`hosts`: the names; `after`: earlier writes to the same profile."""

    placement: Placement
    profile_name: Input[str]
    hosts: Sequence[str]
    after: Sequence[Resource] = ()


class EdgeDomains(ComponentResource):
    """Outputs, by name: `ids`, and `tokens`, the text of the record that proves ownership.

    They are created one after another, since a profile refuses concurrent writes. Each is a
    resource of its own name, so that a changed domain is made before the old one goes.
    """

    ids: Sequence[Output[str]]
    tokens: Sequence[Output[str]]

    def __init__(
        self, name: str, args: EdgeDomainsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:web:EdgeDomains", name, None, opts)
        before: Sequence[Resource] = args.after
        made: list[cdn.AFDCustomDomain] = []
        for host in args.hosts:
            domain = cdn.AFDCustomDomain(
                f"{name}-{host.replace('.', '-')}",
                resource_group_name=args.placement.group,
                profile_name=args.profile_name,
                host_name=host,
                tls_settings={
                    "certificate_type": cdn.AfdCertificateType.MANAGED_CERTIFICATE,
                    "minimum_tls_version": cdn.AfdMinimumTlsVersion.TLS12,
                },
                opts=ResourceOptions(parent=self, depends_on=list(before)),
            )
            made.append(domain)
            before = [domain]
        self.ids = [domain.id for domain in made]
        self.tokens = [
            domain.validation_properties.apply(lambda properties: properties.validation_token)
            for domain in made
        ]
        self.register_outputs({"ids": self.ids})
