"""Public DNS zones: their records are answered by the DNS server of this cloud."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.dns import RECORD_SET, host_of, kind_of
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of, parent_of
from frugal.cloud.resource_type import ResourceType, not_here
from frugal.cloud.store import Resource

_KINDS = ("A", "CNAME", "TXT")


class Zone(ResourceType):
    """A zone, which is known to this cloud's DNS at once; nobody has to delegate it."""

    token = "azure-native:dns:Zone"
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {"zoneType": ("Public",)}

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        tops = zip(("com", "net", "org", "info"), range(1, 5), strict=True)
        return {"nameServers": [f"ns{number}-01.azure-dns.{top}." for top, number in tops]}


class RecordSet(ResourceType):
    """All records of one name and type."""

    token = RECORD_SET

    @override
    def refuse_unsupported(self, resource: Resource) -> None:
        super().refuse_unsupported(resource)
        if kind_of(resource) not in _KINDS:
            raise not_here(resource, f"{kind_of(resource)} records; here are {', '.join(_KINDS)}")

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        target = section(resource.inputs, "targetResource").get("id")
        if target:
            cloud.store.need(str(target))
        if kind_of(resource) == "CNAME":
            if name_of(resource.id) == "@":
                raise CloudError(
                    "BadRequest",
                    "The CNAME record set cannot be created: a zone's apex cannot have one.",
                )
            for other in cloud.store.within(parent_of(parent_of(resource.id)), self.token):
                if host_of(other) == host_of(resource) and key_of(other.id) != key_of(resource.id):
                    raise CloudError(
                        "Conflict",
                        f"'{host_of(resource)}' has a {kind_of(other)} record; a CNAME record "
                        "stands alone.",
                    )

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"fqdn": f"{host_of(resource)}."}
