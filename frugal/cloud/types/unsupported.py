"""What Azure takes and this cloud does not have: refused, so that nothing is less than declared."""

from collections.abc import Mapping

from frugal.cloud.bodies import objects, section
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.store import Resource

# By type: a property, and the values of it that mean what happens here anyway.
_HERE: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "azure-native:app:ContainerApp": {
        "configuration.activeRevisionsMode": ("Single",),
        "configuration.dapr": (),
        "configuration.ingress.additionalPortMappings": (),
        "configuration.ingress.corsPolicy": (),
        "configuration.ingress.customDomains": (),
        "configuration.ingress.ipSecurityRestrictions": (),
        "configuration.ingress.stickySessions.affinity": ("none",),
        "configuration.ingress.transport": ("auto", "http"),
        "template.serviceBinds": (),
        "template.volumes": (),
    },
    "azure-native:app:Job": {"template.volumes": ()},
    "azure-native:cdn:AFDOrigin": {"sharedPrivateLinkResource": ()},
    "azure-native:cdn:Route": {"customDomains": (), "originPath": ("/",), "ruleSets": ()},
    "azure-native:dbforpostgresql:Server": {"createMode": ("Create", "Default")},
    "azure-native:web:WebApp": {
        "siteConfig.appCommandLine": (),
        "siteConfig.azureStorageAccounts": (),
        "siteConfig.connectionStrings": (),
        "virtualNetworkSubnetId": (),
    },
}


def refuse_unsupported(resource: Resource) -> None:
    """Raise CloudError for a declared property that would have no effect here."""
    for path, allowed in _HERE.get(resource.token, {}).items():
        *parents, last = path.split(".")
        value = section(resource.inputs, *parents).get(last)
        if value and value not in allowed:
            only = f"; here it may be {' or '.join(map(str, allowed))}" if allowed else ""
            raise _not_here(resource, f"{path}{only}")
    for rule in objects(resource.inputs, "template", "scale", "rules"):
        if not rule.get("http"):
            raise _not_here(resource, f"scale rule '{rule.get('name')}'; here are http rules alone")


def _not_here(resource: Resource, what: str) -> CloudError:
    name = name_of(resource.id)
    return CloudError("NotSupportedHere", f"'{name}': the local cloud does not have {what}.")
