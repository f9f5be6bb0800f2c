"""Purge a site's edge cache when its release changes.

Call: Microsoft.Cdn 2025-06-01, AFDEndpoints_PurgeContent (azure-rest-api-specs, read November
2026).
"""

from typing import Any

from pulumi import Input, ResourceOptions
from pulumi.dynamic import CreateResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource

from infra.arm import Arm
from infra.components.dynamic_provider import Provider

_API_VERSION = "2025-06-01"
PATHS = ("/*",)


class EdgePurge(DynamicResource, module="frugal", name="EdgePurge"):
    """Purge of an endpoint (resource id) whenever `release`, the deployed version, changes."""

    def __init__(
        self,
        name: str,
        *,
        endpoint_id: Input[str],
        release: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            EdgePurgeProvider(), name, {"endpoint": endpoint_id, "release": release}, opts
        )


class EdgePurgeProvider(Provider):
    """Purge on update. A new endpoint has nothing cached, so `create` does not purge."""

    triggers = ("release",)
    replace_on = ("endpoint",)
    delete_before_replace = True

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record the inputs."""
        return CreateResult(f"{props['endpoint']}/purge", props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Purge. Azure accepts it and carries it out within minutes. Raises ArmError."""
        with Arm() as arm:
            arm.post(
                f"{_news['endpoint']}/purge",
                api_version=_API_VERSION,
                body={"contentPaths": list(PATHS)},
            )
        return UpdateResult(_news)
