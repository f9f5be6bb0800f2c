"""The template of container apps and jobs: one container, its variables, image and command."""

from frugal.cloud.bodies import Body, objects, strings
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.resource_type import environment_id, identities_of, not_here
from frugal.cloud.store import Resource
from frugal.cloud.types import apps


def check(cloud: Cloud, resource: Resource) -> None:
    """Refuse a body whose references are not there, or whose container can't run here."""
    cloud.store.need(environment_id(resource))
    for identity in identities_of(resource):
        cloud.store.need(identity)
    containers = objects(resource.inputs, "template", "containers")
    if len(containers) != 1:
        raise not_here(resource, f"replicas of {len(containers)} containers; declare one")
    if containers[0].get("args") and not containers[0].get("command"):
        raise not_here(resource, "`args` without `command`; set both")
    apps.find_image(cloud, image(resource), puller(cloud, resource))
    environment(resource)


def container(resource: Resource) -> Body:
    """Its one container."""
    return objects(resource.inputs, "template", "containers")[0]


def image(resource: Resource) -> str:
    """The image that its container runs, as declared."""
    return str(container(resource)["image"])


def command(resource: Resource) -> tuple[str, ...] | None:
    """The command that replaces the image's own, if one is declared."""
    declared = container(resource)
    return (*strings(declared, "command"), *strings(declared, "args")) or None


def puller(cloud: Cloud, resource: Resource) -> Resource | None:
    """The identity that pulls the image; None for a public one. Raises CloudError."""
    server = image(resource).partition("/")[0].lower()
    for registry in objects(resource.inputs, "configuration", "registries"):
        if str(registry.get("server", "")).lower() == server and registry.get("identity"):
            identity = str(registry["identity"])
            if identity.lower() not in [i.lower() for i in identities_of(resource)]:
                raise CloudError(
                    "InvalidParameterValueInContainerTemplate",
                    f"Identity '{identity}' of registry '{server}' is not assigned to "
                    f"'{name_of(resource.id)}'.",
                )
            return cloud.store.need(identity)
    return None


def environment(resource: Resource) -> dict[str, str]:
    """The declared variables, secrets filled in. Raises CloudError for one that is not there."""
    secrets = {
        s["name"]: s.get("value", "") for s in objects(resource.inputs, "configuration", "secrets")
    }
    declared: dict[str, str] = {}
    for variable in objects(container(resource), "env"):
        reference = variable.get("secretRef")
        if reference and reference not in secrets:
            raise CloudError(
                "ContainerAppSecretRefNotFound",
                f"SecretRef '{reference}' of '{variable['name']}' is not among the secrets of "
                f"'{name_of(resource.id)}'.",
            )
        declared[variable["name"]] = secrets[reference] if reference else variable["value"]
    return declared
