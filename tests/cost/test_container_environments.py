"""Environments of Container Apps with dedicated profiles, and the apps on them."""

from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.plan import Resource
from tests.cost.made import UNKNOWN, azure, bill, names
from tests.cost.price_rows import price, table

PROFILES = [
    {"name": "Consumption", "workloadProfileType": "Consumption"},
    {"name": "large", "workloadProfileType": "D4", "minimumCount": 1, "maximumCount": 3},
    {"name": "gpu", "workloadProfileType": "Consumption-GPU-NC8as-T4"},
]


def environment(**inputs: Any) -> Resource:
    inputs = {"workloadProfiles": PROFILES, **inputs}
    return azure("app:ManagedEnvironment", "env", location="eastus2", **inputs)


def app(profile: str, kind: str = "app:ContainerApp") -> Resource:
    resources = {"containers": [{"resources": {"cpu": 1, "memory": "2Gi"}}]}
    return azure(kind, "app", location="eastus2", workloadProfileName=profile, template=resources)


def priced(*resources: Resource) -> Estimate:
    return bill(*resources, prices=table())


def test_instances_are_billed_from_the_declared_minimum_to_the_maximum() -> None:
    service = "azure-container-apps"
    instance = 4 * price(service, "Dedicated vCPU Usage")
    instance += 16 * price(service, "Dedicated Memory Usage")
    fee = price(service, "Dedicated Plan Management")
    found = priced(environment()).monthly
    assert found.low == found.expected == 730 * (instance + fee)
    assert found.high == 730 * (3 * instance + fee)


def test_an_app_on_instances_of_its_environment_has_its_traffic_alone() -> None:
    found = priced(environment(), app("large"))
    own = [line.meter for line in found.lines if line.name == "app"]
    assert own == ["Standard Data Transfer Out"]
    job = priced(environment(), app("large", "app:Job"))
    assert names(job.free) == ["app"]


def test_a_replica_with_a_serverless_gpu_is_billed_for_it_and_never_idle() -> None:
    scale = {"minReplicas": 1, "maxReplicas": 2}
    containers = [{"resources": {"cpu": 8, "memory": "56Gi", "gpu": 1}}]
    template = {"containers": containers, "scale": scale}
    inputs = {"workloadProfileName": "gpu", "template": template}
    found = priced(environment(), azure("app:ContainerApp", "app", location="eastus2", **inputs))
    own = {line.meter: line.monthly for line in found.lines if line.name == "app"}
    assert found.unpriced == []
    assert {own[meter].high for meter in own if "Idle" in meter} == {0}
    of_gpu = own["Standard NC T4 v3 GPU Usage"]
    a_month = 730 * 3600 * price("azure-container-apps", "Standard NC T4 v3 GPU Usage")
    assert (of_gpu.low, of_gpu.expected, of_gpu.high) == (a_month, a_month, 2 * a_month)
    job = priced(environment(), app("gpu", "app:Job"))
    assert "Standard NC T4 v3 GPU Usage" in {line.meter for line in job.lines}


GPU_OF_OTHER_KIND = environment(
    workloadProfiles=[{"name": "gpu", "workloadProfileType": "Consumption-GPU-H100"}]
)


@pytest.mark.parametrize(
    ("profile", "beside", "said"),
    [
        ("large", [], "its environment is not in the plan"),
        ("other", [environment()], "its environment is not in the plan"),
        ("gpu", [GPU_OF_OTHER_KIND], "'consumption-gpu-h100' has no price here"),
    ],
)
def test_a_profile_that_cannot_be_told_is_unpriced(
    profile: str, beside: list[Resource], said: str
) -> None:
    found = priced(app(profile), *beside)
    (gap,) = [one for one in found.unpriced if one.name == "app"]
    assert said in gap.reason


def test_instances_with_a_gpu_are_unpriced() -> None:
    profiles = [{"name": "gpu", "workloadProfileType": "NC24-A100", "minimumCount": 1}]
    (gap,) = priced(environment(workloadProfiles=profiles)).unpriced
    assert "'nc24-a100'" in gap.reason


def test_a_flexible_profile_has_the_fee_and_its_apps_are_billed_as_on_consumption() -> None:
    flexible = environment(workloadProfiles=[{"name": "flex", "workloadProfileType": "Flex"}])
    found = priced(flexible, app("flex"))
    fee = 730 * price("azure-container-apps", "Dedicated Plan Management")
    assert found.monthly.low == fee
    assert "Standard vCPU Active Usage" in {line.meter for line in found.lines}


def test_custom_containers_of_sessions_are_unpriced() -> None:
    pool = azure(
        "app:ContainerAppsSessionPool", "pool", location="eastus2", containerType="CustomContainer"
    )
    assert names(priced(pool).unpriced) == ["pool"]


def test_a_network_that_is_not_known_yet_is_one() -> None:
    network = {"infrastructureSubnetId": UNKNOWN}
    found = priced(environment(workloadProfiles=[], vnetConfiguration=network))
    assert found.free == []
