"""The local Resource Manager over HTTP."""

import pytest

from frugal.cloud.cloud import Cloud
from tests.cloud.arm_client import arm_client

GROUP = "/subscriptions/sub/resourceGroups/group"
SERVER = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/server"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/metadata/endpoints", "GET, HEAD"),
        ("/uploads/source", "PUT"),
        (f"{SERVER}/administrators", "DELETE, GET, HEAD, PATCH"),
        (f"{SERVER}/administrators/object", "DELETE, GET, HEAD, PATCH, PUT"),
    ],
)
async def test_a_refused_method_names_every_method_of_the_path(
    path: str, allowed: str, cloud: Cloud
) -> None:
    async with arm_client(cloud) as arm:
        answer = await arm.post(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.json()["error"]["code"] == "MethodNotAllowed"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_no_resource_is_served_outside_subscriptions(method: str, cloud: Cloud) -> None:
    """Only paths under `/subscriptions` and `/frugal` ask for a token."""
    async with arm_client(cloud) as arm:
        answer = await arm.request(method, "/metadata/other", headers={"Authorization": ""})
    assert answer.status_code == 404
    assert "error" not in answer.text
