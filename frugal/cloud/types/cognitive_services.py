"""Azure AI Translator: an account whose endpoint answers on this machine."""

import time
from collections.abc import Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.resource_type import ResourceType
from frugal.cloud.running import EmulatedHost
from frugal.cloud.store import Resource
from frugal.cloud.translator import Translator
from frugal.cloud.types.plain import find_role

COGNITIVE_SERVICES_USER = "a97b65f3-24c7-4388-baec-2e87135dc908"


class Account(ResourceType):
    """An account of the kind TextTranslation, with token authentication only."""

    token = "azure-native:cognitiveservices:Account"
    start_round = 1
    until_purged: ClassVar[bool] = True
    required: ClassVar[Mapping[str, object]] = {
        "kind": "TextTranslation",
        "properties.disableLocalAuth": True,
    }

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        if not _properties(resource).get("customSubDomainName"):
            raise CloudError(
                "NotSupportedHere",
                "Tokens are accepted only on an account's own subdomain: set customSubDomainName.",
            )
        deleted = deleted_accounts(cloud)
        if key_of(resource.id) in {key_of(one.id) for one in deleted}:
            raise CloudError(
                "FlagMustBeSetForRestore",
                f"An account named '{name_of(resource.id)}' was deleted and is not purged: restore "
                "it, or purge it.",
            )
        others = [a for a in cloud.store.of(self.token) if key_of(a.id) != key_of(resource.id)]
        others += deleted
        if host_of(resource) in {host_of(other) for other in others}:
            raise CloudError(
                "CustomDomainInUse",
                f"The subdomain name '{host_of(resource).partition('.')[0]}' is not available as "
                "it's already used by a resource.",
            )
        # One free account in a subscription, deleted ones that are not purged counted
        # (akshata29/entaoai issue 27, read in November 2026).
        if _is_free(resource) and any(_is_free(other) for other in others):
            raise CloudError(
                "CanNotCreateMultipleFreeAccounts",
                "Operation failed. Only one free account is allowed for account type "
                "'TextTranslation'.",
            )

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {
            "properties": {
                "endpoint": f"https://{host_of(resource)}/",
                "provisioningState": "Succeeded",
            }
        }

    @override
    def routes(self, cloud: Cloud) -> list[Route]:
        async def list_keys(request: Request) -> Response:
            # The words are Azure's (Azure/terraform-azurerm-avm-res-cognitiveservices-account,
            # issue 130, read in November 2026); an account with keys is refused when created.
            self.named(cloud, request)
            raise CloudError("BadRequest", "Failed to list key. disableLocalAuth is set to be true")

        async def list_deleted(_request: Request) -> Response:
            return JSONResponse({"value": [deleted_body(one) for one in listed_accounts(cloud)]})

        async def deleted(request: Request) -> Response:
            """Answer or purge a deleted account. The purge is long-running: gone is 404."""
            account = find_deleted(cloud, request.url.path)
            if request.method == "DELETE":
                account.data.setdefault("purged", time.time())
                deleted_accounts(cloud)
                return Response(status_code=202)
            return JSONResponse(deleted_body(account))

        provider = "/subscriptions/{sub}/providers/Microsoft.CognitiveServices"
        place = f"{provider}/locations/{{location}}/resourceGroups/{{group}}"
        return [
            Route(f"{self.path}/listKeys", list_keys, methods=["POST"]),
            Route(f"{provider}/deletedAccounts", list_deleted),
            Route(f"{place}/deletedAccounts/{{name}}", deleted, methods=["GET", "DELETE"]),
        ]

    @override
    async def restore(self, cloud: Cloud, resource: Resource) -> None:
        host, id_ = host_of(resource), resource.id
        service = Translator(
            cloud.tokens,
            may_translate=lambda principal: (
                find_role(cloud, principal, COGNITIVE_SERVICES_USER, on=id_) is not None
            ),
        )
        port, context = cloud.ports.get(resource.id), cloud.authority.context(host)
        emulated = EmulatedHost(service.app, port, ssl=context)
        emulated.host = host
        await emulated.start()
        await cloud.tunnel.start()
        cloud.running[key_of(resource.id)] = emulated


def host_of(resource: Resource) -> str:
    """The host name of an account's endpoint."""
    subdomain = str(_properties(resource).get("customSubDomainName", "")).lower()
    return f"{subdomain}.cognitiveservices.azure.com"


def deleted_accounts(cloud: Cloud) -> list[Resource]:
    """Every deleted account whose purge has not ended."""
    for account in cloud.store.deleted(Account.token):
        asked = account.data.get("purged")
        if asked is not None and not cloud.days.lasts("slow-purge", asked):
            cloud.store.purge(account)
    return cloud.store.deleted(Account.token)


def listed_accounts(cloud: Cloud) -> list[Resource]:
    """The deleted accounts that Resource Manager lists."""
    return [
        account
        for account in deleted_accounts(cloud)
        if not cloud.days.lasts("deleted-account-late", account.data.get("deleted", 0))
    ]


def find_deleted(cloud: Cloud, deleted_id: str) -> Resource:
    """Find a deleted account by its deleted id. Raises CloudError `ResourceNotFound`."""
    for account in listed_accounts(cloud):
        if key_of(deleted_body(account)["id"]) == key_of(deleted_id):
            return account
    raise CloudError("ResourceNotFound", f"'{deleted_id}' was not found.")


def deleted_body(resource: Resource) -> Body:
    """A deleted account as Resource Manager lists it (Microsoft.CognitiveServices 2025-06-01)."""
    _, _, subscription, _, group, *_ = resource.id.split("/")
    location = resource.inputs.get("location")
    provider = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices"
    place = f"locations/{location}/resourceGroups/{group}"
    return {
        "id": f"{provider}/{place}/deletedAccounts/{name_of(resource.id)}",
        "name": name_of(resource.id),
        "location": location,
        "kind": resource.inputs.get("kind"),
    }


def _properties(resource: Resource) -> Body:
    return section(resource.inputs, "properties")


def _is_free(resource: Resource) -> bool:
    return section(resource.inputs, "sku").get("name") == "F0"
