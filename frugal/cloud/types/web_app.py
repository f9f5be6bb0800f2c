"""Web apps for containers on App Service: one instance of the declared image."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from typing_extensions import override

from frugal.cloud.bodies import Body, objects, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.processes import Probe, Revision
from frugal.cloud.resource_type import identities_of, identity_outputs, short_hash
from frugal.cloud.store import Resource
from frugal.cloud.types import apps
from frugal.cloud.types.plain import verification_id
from frugal.cloud.types.web_app_domain import HostNameBinding

# App Service answers on 80 in the container unless WEBSITES_PORT says otherwise, and gives a start
# 230 seconds (WEBSITES_CONTAINER_START_TIME_LIMIT's default; learn.microsoft.com, 2026).
DEFAULT_PORT = 80
START_LIMIT_SECONDS = 230


class WebApp(apps.AppType):
    """A Linux web app that runs one container image."""

    token = "azure-native:web:WebApp"
    revised_by = ("siteConfig", "identity")
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {
        "siteConfig.appCommandLine": (),
        "siteConfig.azureStorageAccounts": (),
        "siteConfig.connectionStrings": (),
        "virtualNetworkSubnetId": (),
    }

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        cloud.store.need(str(resource.inputs.get("serverFarmId")))
        for identity in identities_of(resource):
            cloud.store.need(identity)
        apps.find_image(cloud, _image(resource), _puller(cloud, resource))

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {
            "defaultHostName": _host(resource),
            "hostNames": [_host(resource)],
            "enabledHostNames": [_host(resource)],
            "state": "Running",
            "customDomainVerificationId": verification_id(resource),
            **identity_outputs(cloud, resource),
        }

    @override
    def names(self, cloud: Cloud, resource: Resource) -> Mapping[str, str]:
        bindings = cloud.store.within(resource.id, HostNameBinding.token)
        secured = [b for b in bindings if b.inputs.get("sslState") == "SniEnabled"]
        return apps.names_at(cloud, resource, [name_of(b.id) for b in secured])

    @override
    def run_spec(self, cloud: Cloud, resource: Resource) -> apps.RunSpec:
        settings = _settings(resource)
        port = int(settings.pop("WEBSITES_PORT", DEFAULT_PORT))
        declared = {k: v for k, v in settings.items() if not k.startswith("WEBSITES_")}
        config = _config(resource)
        revision = Revision(
            name=f"{name_of(resource.id)}-{short_hash(str(sorted(config.items(), key=str)), 7)}",
            image=apps.find_image(cloud, _image(resource), _puller(cloud, resource)),
            environment=apps.platform_environment(cloud, resource, declared),
            command=None,
            target_port=port,
            probes=tuple(_probes(config.get("healthCheckPath"), port)),
            min_replicas=1,
            max_replicas=1,
            cooldown=0,
            concurrent_requests=1_000_000,
        )
        return apps.RunSpec(host=_host(resource), image=_image(resource), revision=revision)


def _probes(path: str | None, port: int) -> list[Probe]:
    if not path:
        return []
    probe = partial(Probe, path=path, port=port)
    start = probe(kind="Startup", period=1, timeout=5, failure_threshold=START_LIMIT_SECONDS)
    # App Service's health check asks every minute and replaces an instance after ten failures.
    return [start, probe(kind="Readiness", period=60, timeout=30, failure_threshold=10)]


def _config(resource: Resource) -> Body:
    return section(resource.inputs, "siteConfig")


def _settings(resource: Resource) -> dict[str, str]:
    settings = objects(resource.inputs, "siteConfig", "appSettings")
    return {str(s["name"]): str(s.get("value") or "") for s in settings}


def _image(resource: Resource) -> str:
    kind, _, reference = str(_config(resource).get("linuxFxVersion", "")).partition("|")
    if kind.upper() != "DOCKER" or not reference:
        raise CloudError(
            "NotSupportedHere",
            f"The local cloud runs only web apps from an image (linuxFxVersion 'DOCKER|…'); "
            f"'{name_of(resource.id)}' has '{kind}'.",
        )
    return reference


def _puller(cloud: Cloud, resource: Resource) -> Resource | None:
    config = _config(resource)
    if not config.get("acrUseManagedIdentityCreds"):
        return None
    client = config.get("acrUserManagedIdentityID")
    assigned = [cloud.store.need(i) for i in identities_of(resource)]
    return next((i for i in assigned if i.computed["clientId"] == client), None)


def _host(resource: Resource) -> str:
    return f"{name_of(resource.id).lower()}.azurewebsites.net"
