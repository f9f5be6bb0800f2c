"""Public DNS zones of Azure, and record sets in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import dns

from infra.components.placement import Placement
from infra.domains import TTL, Record, relative_name


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone, given or created here.

    `name_servers`: of a created one, for its registrar; `after`: resources to create before its
    records.
    """

    name: str
    group: Input[str]
    name_servers: Input[Sequence[str]] = ()
    after: Sequence[Resource] = ()


@dataclass(frozen=True, kw_only=True)
class DnsZoneArgs:
    """`name`: of the zone; `protect`: refuse to delete it, which ends its delegation."""

    placement: Placement
    name: str
    protect: bool


class DnsZone(ComponentResource):
    """Output `name_servers`: the registrar, or the parent zone, must name them."""

    name_servers: Output[Sequence[str]]

    def __init__(self, name: str, args: DnsZoneArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:dns:DnsZone", name, None, opts)
        zone = dns.Zone(
            f"{name}-zone",
            zone_name=args.name,
            resource_group_name=args.placement.group,
            location="global",
            tags=args.placement.tags,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        self.name_servers = zone.name_servers
        self.register_outputs({"nameServers": self.name_servers})


@dataclass(frozen=True, kw_only=True)
class DnsRecordsArgs:
    """`records`: one for each name and type."""

    zone: Zone
    records: Sequence[Record]


class DnsRecords(ComponentResource):
    """No outputs."""

    def __init__(
        self, name: str, args: DnsRecordsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:dns:DnsRecords", name, None, opts)
        for record in args.records:
            value = record.value
            dns.RecordSet(
                f"{name}-{record.name.replace('.', '-')}-{record.type.lower()}",
                resource_group_name=args.zone.group,
                zone_name=args.zone.name,
                record_type=record.type,
                relative_record_set_name=relative_name(record.name, args.zone.name),
                ttl=TTL,
                cname_record=dns.CnameRecordArgs(cname=value) if record.type == "CNAME" else None,
                txt_records=[dns.TxtRecordArgs(value=[value])]
                if record.type == "TXT" and value is not None
                else None,
                a_records=[dns.ARecordArgs(ipv4_address=value)]
                if record.type == "A" and value is not None
                else None,
                target_resource=dns.SubResourceArgs(id=record.alias) if record.alias else None,
                opts=ResourceOptions(parent=self, depends_on=list(args.zone.after)),
            )
        self.register_outputs({})
