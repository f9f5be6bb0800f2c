"""Container apps: the declared template becomes running replicas behind a local ingress."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override

from frugal.cloud.bodies import Body, objects, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.processes import Probe, Revision
from frugal.cloud.resource_type import environment_id, identity_outputs, not_here, short_hash
from frugal.cloud.store import Resource
from frugal.cloud.types import apps, managed_certificate, template

# Azure's defaults (Container Apps API 2025-02-02-preview and its scaling documentation).
COOLDOWN_SECONDS = 300
MAX_REPLICAS = 10
CONCURRENT_REQUESTS = 10
PROBE_DEFAULTS = {
    "initialDelaySeconds": 1,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
    "successThreshold": 1,
}
# Probes are declared for Azure's machines. This one may be slow or busy, and a late replica must
# not be restarted: minimum seconds for an answer and for a start.
ANSWER_SECONDS, START_SECONDS = 30.0, 120.0


class ContainerApp(apps.AppType):
    """One container app in single-revision mode, with one container."""

    token = "azure-native:app:ContainerApp"
    revised_by = (
        *("template", "identity"),
        *("configuration.secrets", "configuration.registries"),
        *("configuration.ingress.external", "configuration.ingress.targetPort"),
    )
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {
        "configuration.activeRevisionsMode": ("Single",),
        "configuration.dapr": (),
        "configuration.ingress.additionalPortMappings": (),
        "configuration.ingress.corsPolicy": (),
        "configuration.ingress.ipSecurityRestrictions": (),
        "configuration.ingress.stickySessions.affinity": ("none",),
        "configuration.ingress.transport": ("auto", "http"),
        "template.initContainers": (),
        "template.serviceBinds": (),
        "template.volumes": (),
    }

    @override
    def refuse_unsupported(self, resource: Resource) -> None:
        super().refuse_unsupported(resource)
        for rule in objects(resource.inputs, "template", "scale", "rules"):
            if not rule.get("http"):
                name = rule.get("name")
                raise not_here(resource, f"scale rule '{name}'; here are http rules alone")

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        template.check(cloud, resource)
        managed_certificate.check_custom_domains(cloud, resource)

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        domains = managed_certificate.bound_domains(cloud, resource)
        return {"configuration": {"ingress": {"customDomains": domains}}} if domains else {}

    @override
    def names(self, cloud: Cloud, resource: Resource) -> Mapping[str, str]:
        domains = managed_certificate.bound_domains(cloud, resource)
        return apps.names_at(cloud, resource, [d["name"] for d in domains if "certificateId" in d])

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        outputs: Body = {
            "latestRevisionName": _revision_name(resource),
            "latestReadyRevisionName": _revision_name(resource),
            "provisioningState": "Succeeded",
            "runningStatus": "Running",
            **identity_outputs(cloud, resource),
        }
        if _ingress(resource):
            outputs["configuration"] = {"ingress": {"fqdn": _host(cloud, resource)}}
            outputs["latestRevisionFqdn"] = _host(cloud, resource)
        return outputs

    @override
    def run_spec(self, cloud: Cloud, resource: Resource) -> apps.RunSpec:
        container = template.container(resource)
        scale = section(resource.inputs, "template", "scale")
        target_port = int(_ingress(resource).get("targetPort") or 80)
        revision = Revision(
            name=_revision_name(resource),
            image=apps.find_image(
                cloud, template.image(resource), template.puller(cloud, resource)
            ),
            environment=apps.platform_environment(cloud, resource, template.environment(resource)),
            command=template.command(resource),
            target_port=target_port,
            probes=tuple(_probe(p, target_port) for p in objects(container, "probes")),
            min_replicas=int(scale.get("minReplicas") or 0),
            max_replicas=int(scale.get("maxReplicas") or MAX_REPLICAS),
            cooldown=float(scale.get("cooldownPeriod") or COOLDOWN_SECONDS),
            concurrent_requests=_concurrent_requests(scale),
            termination_grace=float(_template(resource).get("terminationGracePeriodSeconds") or 30),
        )
        return apps.RunSpec(
            host=_host(cloud, resource), image=template.image(resource), revision=revision
        )


def _template(resource: Resource) -> Body:
    return section(resource.inputs, "template")


def _ingress(resource: Resource) -> Body:
    return section(resource.inputs, "configuration", "ingress")


def _host(cloud: Cloud, resource: Resource) -> str:
    domain = cloud.store.need(environment_id(resource)).computed["defaultDomain"]
    internal = "" if _ingress(resource).get("external") else "internal."
    return f"{name_of(resource.id)}.{internal}{domain}"


def _revision_name(resource: Resource) -> str:
    suffix = _template(resource).get("revisionSuffix")
    mark = short_hash(json.dumps(_template(resource), sort_keys=True), 7)
    return f"{name_of(resource.id)}--{suffix or mark}"


def _probe(declared: Body, target_port: int) -> Probe:
    http = section(declared, "httpGet")
    if not http:
        raise CloudError("NotSupportedHere", "The local cloud supports only HTTP probes (httpGet).")
    values: Body = {**PROBE_DEFAULTS, **{k: v for k, v in declared.items() if v is not None}}
    period, failures = float(values["periodSeconds"]), int(values["failureThreshold"])
    if values["type"] == "Startup":
        failures = max(failures, math.ceil(START_SECONDS / period))
    return Probe(
        kind=values["type"],
        path=http.get("path") or "/",
        port=int(http.get("port") or target_port),
        initial_delay=float(values["initialDelaySeconds"]),
        period=period,
        timeout=max(ANSWER_SECONDS, float(values["timeoutSeconds"])),
        failure_threshold=failures,
        success_threshold=int(values["successThreshold"]),
    )


def _concurrent_requests(scale: Body) -> int:
    for rule in objects(scale, "rules"):
        metadata = section(rule, "http", "metadata")
        if metadata.get("concurrentRequests"):
            return int(metadata["concurrentRequests"])
    return CONCURRENT_REQUESTS
