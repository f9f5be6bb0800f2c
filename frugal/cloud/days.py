"""Bad days of Azure, emulated for tests: refusals and delays that a deployment may meet.

A daemon starts with none. `PUT /frugal/days`, with the admin token, sets which are on; they live in
memory, and no user's setting turns them on. Each row of DAYS names its source, and says where
Azure's own text is not on record.
"""

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import PositiveFloat, TypeAdapter, ValidationError

from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.store import Resource


@dataclass(frozen=True, kw_only=True)
class Day:
    """One kind of bad day.

    `takes`: the parameters of its switch. `seconds`: how long it lasts, counted from the event that
    `effect` names; `times`: how many refusals each resource gets; `every`: a refusal of every k-th
    request. A passing day without parameters never ends; a standing one takes none.

    `creations` and `writes`: the types of which it refuses a creation, or any change or deletion
    too. `one_write`: the Resource Manager type of what takes one write at a time.
    """

    effect: str
    source: str
    takes: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    creations: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    one_write: str = ""


_ONE_WRITE = "Each write takes `seconds`, and another one meanwhile is refused."
_NOT_ACCESSIBLE = (
    "The server '{name}' is not in an accessible state to perform Azure AD Principal operation. "
    "Please make sure the server is accessible before executing Azure AD Principal operations."
)
_QUOTA = (
    "Operation cannot be completed without additional quota. \r\nAdditional details - Location:  "
    "\r\nCurrent Limit (Basic VMs): 0 \r\nCurrent Usage: 0\r\nAmount required for this deployment "
    "(Basic VMs): 1 \r\n(Minimum) New Limit that you should request to enable this deployment: 1. "
)
_UNPULLED = (
    "The following field(s) are either invalid or missing. Field 'template.containers.{name}.image'"
    ' is invalid with details: \'Invalid value: "{image}": unable to pull image using Managed '
    "identity {identity} for registry {registry}';."
)

DAYS: Mapping[str, Day] = {
    "server-busy": Day(
        effect="A new server refuses databases and firewall rules, from its creation on; its state "
        "is Updating in the first half of `seconds`, then Ready.",
        takes=("seconds", "times"),
        code="ServerIsBusy",
        message="Cannot complete operation while server '{name}' is busy processing another "
        "operation. Try again later.",
        writes=(
            "azure-native:dbforpostgresql:Database",
            "azure-native:dbforpostgresql:FirewallRule",
        ),
        source="Azure/azure-postgresql #134 (2026-02-20), Altinn/dialogporten #3663 (2026-03-23); "
        "states: azure-mgmt-postgresqlflexibleservers 2.0.0, ServerState",
    ),
    "server-not-accessible": Day(
        effect="A new server refuses administrators, from its creation on; its state as above.",
        takes=("seconds", "times"),
        code="AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
        message=_NOT_ACCESSIBLE,
        writes=("azure-native:dbforpostgresql:AdministratorsMicrosoftEntra",),
        source="Azure/azure-postgresql #127 (2025-01-02 to 2025-12-11), "
        "glitchwerks/mom-bot #106 (2026-05-17)",
    ),
    "administrator-late": Day(
        effect="An administrator is in no list, readable or able to sign in until `seconds` after "
        "its creation.",
        takes=("seconds",),
        source="alchemy-run/alchemy, Azure/PostgreSQL/Administrator.ts (2026)",
    ),
    "administrator-lost": Day(
        effect="The first `times` PUTs of an administrator are accepted and have no effect.",
        takes=("times",),
        source="alchemy-run/alchemy, Azure/PostgreSQL/Administrator.ts (2026)",
    ),
    "administrator-get-404": Day(
        effect="An administrator is listed, and a GET of it is 404 until `seconds` after its "
        "creation.",
        takes=("seconds",),
        source="alchemy-run/alchemy, Azure/PostgreSQL/Administrator.ts (2026)",
    ),
    "busy-server": Day(
        effect=_ONE_WRITE,
        takes=("seconds",),
        code="ServerIsBusy",
        message="Cannot complete operation while server '{scope}' is busy processing another "
        "operation. Try again later.",
        one_write="microsoft.dbforpostgresql/flexibleservers",
        source="Altinn/dialogporten #3663 (2026-03-23)",
    ),
    # On record is a second write to one app (two public deployment logs, 2026-05-22 and
    # 2026-09-02); the environment as the scope is the stricter reading.
    "busy-environment": Day(
        effect=_ONE_WRITE,
        takes=("seconds",),
        code="ContainerAppOperationInProgress",
        message="Cannot modify a container app '{name}' because there is an active provisioning "
        "operation in progress. OperationId: '{guid}'",
        one_write="microsoft.app/managedenvironments",
        source="microsoft/azure-container-apps #175 (2022-04-08), #701 (2023-03-29)",
    ),
    "busy-site": Day(
        effect=_ONE_WRITE,
        takes=("seconds",),
        code="Conflict",
        message="Cannot modify this site because another operation is in progress. Details: "
        "Id: {guid}, OperationName: Create",
        one_write="microsoft.web/sites",
        source="Azure/azure-functions-on-container-apps #34 (2024-03-11, with Pulumi), "
        "Azure/logicapps #1306 (2025-02-26)",
    ),
    # The source has only the code; the text is ours.
    "busy-profile": Day(
        effect=_ONE_WRITE,
        takes=("seconds",),
        code="Conflict",
        message="Another operation is in progress on the profile '{scope}'.",
        one_write="microsoft.cdn/profiles",
        source="alchemy-run/alchemy, Azure/Cdn/CdnCommon.ts (2026)",
    ),
    "role-late": Day(
        effect="A registry refuses pulls until `seconds` after the role assignment was created.",
        takes=("seconds", "times"),
        code="ContainerAppOperationError",
        message=_UNPULLED,
        source="microsoft/azure-container-apps #1061 (2024-11-12), #646, #1233; "
        "microsoft/GitHub-Copilot-for-Azure #1701 (2026-04-03)",
    ),
    "job-pull": Day(
        effect="The first `times` executions of a job never run: their image is not pulled.",
        takes=("times",),
        code="ImagePullFailure",
        message=_UNPULLED,
        source="microsoft/azure-container-apps #816 (2023-08-10 to 2024-01-18)",
    ),
    "throttled": Day(
        effect="Every `every`-th call of Resource Manager over HTTP is refused.",
        takes=("every", "times"),
        code="TooManyRequests",
        message="The request is being throttled. Please try again after 1 second.",
        source="learn.microsoft.com, Understand how Azure Resource Manager throttles requests "
        "(read November 2026); the text is ours",
    ),
    "unavailable": Day(
        effect="Every `every`-th call of Resource Manager over HTTP is refused.",
        takes=("every", "times"),
        code="ServiceUnavailable",
        message="The service is unavailable.",
        source="microsoft/azure-container-apps #1657 (2026-02-10: a gateway's 5xx); the text is "
        "ours",
    ),
    "slow-deletes": Day(
        effect="A delete takes `seconds`, and the resource answers GET meanwhile.",
        takes=("seconds",),
        source="alchemy-run/alchemy, Azure/Cdn/CdnCommon.ts (2026), "
        "microsoft/azure-container-apps #1658 (2026-02-10)",
    ),
    "deleted-account-late": Day(
        effect="A deleted Translator account is listed `seconds` after its deletion.",
        takes=("seconds",),
        source="azure-mgmt-cognitiveservices 14.1.0: a deletion is long-running; the delay itself "
        "is assumed",
    ),
    "slow-purge": Day(
        effect="The purge of a deleted Translator account ends `seconds` after it was asked for.",
        takes=("seconds",),
        source="azure-mgmt-cognitiveservices 14.1.0, DeletedAccounts_Purge: 202, long-running; "
        "what is not purged counts as the one free account: akshata29/entaoai #27 (2023-06-30)",
    ),
    "dns-late": Day(
        effect="A record of a DNS zone is not found until `seconds` after its creation.",
        takes=("seconds",),
        source="learn.microsoft.com, Azure DNS FAQ (read November 2026): propagation takes time; a "
        "zone that its registrar does not name answers nobody",
    ),
    "certificate-slow": Day(
        effect="A managed certificate of Container Apps or App Service is issued `seconds` after "
        "it was asked for.",
        takes=("seconds",),
        source="learn.microsoft.com, Custom domain names and free managed certificates "
        "(01/28/2026): several minutes",
    ),
    "certificate-fails": Day(
        effect="The first `times` requests for a managed certificate of Container Apps fail.",
        takes=("times",),
        source="microsoft/azure-container-apps #1528 (2025-07-07), #1570 (2025-09-19); the state "
        "Failed: azure-mgmt-appcontainers 4.0.0b1, CertificateProvisioningState",
    ),
    "invalid-certificate-id": Day(
        effect="A change of a container app is refused while its body binds a name that has a "
        "certificate by Auto.",
        code="InvalidCertificateId",
        message="Invalid certificateId '/subscriptions//resourcegroups/{group}/providers/"
        "Microsoft.App/managedEnvironments/{environment}/managedCertificates/{certificate}'.",
        source="microsoft/azure-container-apps #1652 (2026-02-05)",
    ),
    "docker-hub-limit": Day(
        effect="The first `times` builds of a registry fail at Docker Hub's limit of pulls.",
        takes=("times",),
        code="toomanyrequests",
        message="toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit\n"
        "Container failed during run: build. No retries remaining.\n"
        "failed to run step ID: build: exit status 1",
        source="MicrosoftLearning/mslearn-azure-ai #125 (2026-03-26), "
        "Azure-Samples/azure-search-openai-demo #3101 (2026-06-18)",
    ),
    "offer-restricted": Day(
        effect="The subscription may have no PostgreSQL server in the region.",
        code="LocationIsOfferRestricted",
        message="Subscriptions are restricted from provisioning in location '{location}'. Try "
        "again in a different location.",
        creations=("azure-native:dbforpostgresql:Server",),
        source="adamdost-0/linux-update-cds #14 (2026-04-18)",
    ),
    "no-app-service-quota": Day(
        effect="The subscription's quota of Basic App Service plans is 0.",
        code="Unauthorized",
        message=_QUOTA,
        creations=("azure-native:web:AppServicePlan",),
        source="Azure/Commercial-Marketplace-SaaS-Accelerator #854 (2025-07-31); code and status "
        "of a PUT: DataDog/stratus-red-team #875 (2026-06-24)",
    ),
    "no-environment-quota": Day(
        effect="The subscription's quota of Container Apps environments is 0.",
        code="MaxNumberOfGlobalEnvironmentsInSubExceeded",
        message="The subscription '{subscription}' cannot have more than 0 Container App "
        "Environments.",
        creations=("azure-native:app:ManagedEnvironment",),
        source="microsoft/azure-container-apps #1648 (2026-02-02), #1226 (2024-07-10)",
    ),
    "no-builds": Day(
        effect="The subscription may not build in a registry.",
        code="TasksOperationsNotAllowed",
        message="ACR Tasks requests for the registry {name} and {subscription} are not permitted. "
        "Please file an Azure support request at http://aka.ms/azuresupport for assistance.",
        source="Azure-Samples/azure-search-openai-demo #2220 (2024-12-10), #2592 (2025-07-02)",
    ),
    # Azure's own error is not on record; name and text are PostgreSQL's.
    "administrator-owns-objects": Day(
        effect="An administrator can't be deleted while its role owns objects.",
        code="DependentObjectsStillExist",
        message='role "{name}" cannot be dropped because some objects depend on it',
        source="hashicorp/terraform-provider-azurerm #24736 (2024-02-15), #23851 (2023-11-09)",
    ),
    "budget-refused": Day(
        effect="The subscription takes no budgets.",
        code="RBACAccessDenied",
        message="The client does not have authorization to perform action. Request ID: {guid}",
        creations=("azure-native:consumption:Budget",),
        source="Azure/terraform-azurerm-lz-vending #394 (2024-06), Azure/azure-cli #23648 "
        "(2022-08-24)",
    ),
}
_PARAMETERS = TypeAdapter(dict[str, PositiveFloat])
_BY_SCOPE = {day.one_write: name for name, day in DAYS.items() if day.one_write}


class Days:
    """The days that are on.

    An event's time (`since`) is in Unix seconds. `subject` is what refusals are counted by: a
    resource's id, mostly.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._on: dict[str, Mapping[str, float]] = {}
        self._asked: Counter[str] = Counter()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._changed = asyncio.Event()

    def switch(self, days: Mapping[str, object]) -> None:
        """Turn these days on, by name with their parameters, and all others off.

        Raises CloudError `InvalidParameterValue`, changing nothing, for one that is not in DAYS.
        """
        self._on = {name: _parameters(name, given) for name, given in days.items()}
        self._asked.clear()
        self._refused.clear()
        self._wake()

    def advance(self, seconds: float) -> None:
        """Advance the clock, for tests."""
        self._ahead += seconds
        self._wake()

    def now(self) -> float:
        """The time in Unix seconds, by the clock that `advance` moves."""
        return time.time() + self._ahead

    def is_on(self, name: str) -> bool:
        """Return True while a day is on."""
        return name in self._on

    def lasts(self, name: str, since: float, *, share: float = 1) -> bool:
        """Return True until a day's `seconds`, or a share of them, from `since` are over."""
        if name not in self._on:
            return False
        seconds = self._on[name].get("seconds")
        return seconds is None or self.now() < since + seconds * share

    def is_settling(self, since: float) -> bool:
        """Return True in the first half of the `seconds` that a new server is busy."""
        return any(
            "seconds" in self._on.get(name, {}) and self.lasts(name, since, share=0.5)
            for name in ("server-busy", "server-not-accessible")
        )

    def strikes(self, name: str, subject: str, since: float | None = None) -> bool:
        """Return True, and count a refusal, where a day refuses `subject` now."""
        if name not in self._on or (since is not None and not self.lasts(name, since)):
            return False
        parameters = self._on[name]
        self._asked[name] += 1
        if self._asked[name] % parameters.get("every", 1):
            return False
        if self._refused[name, subject] >= parameters.get("times", float("inf")):
            return False
        self._refused[name, subject] += 1
        return True

    def refuse(self, name: str, subject: str, since: float | None = None, /, **words: str) -> None:
        """Raise the day's CloudError, its message filled with `words`, where the day strikes."""
        if self.strikes(name, subject, since):
            raise refusal(name, **words)

    def refuse_write(self, resource: Resource, owner: Resource, *, creation: bool) -> None:
        """Refuse a creation, change or deletion by the days that name the resource's type.

        `owner` is the resource that this one is a child of, or else itself: a new server's busy
        time is its own.
        """
        for name in self._on:
            if resource.token in DAYS[name].writes + (DAYS[name].creations if creation else ()):
                self.refuse(
                    name,
                    key_of(owner.id),
                    owner.created,
                    name=name_of(owner.id),
                    subscription=owner.id.split("/")[2],
                    location=str(owner.inputs.get("location", "")),
                )

    def never_ends(self, name: str) -> bool:
        """Return True while a day is on without `seconds`."""
        return name in self._on and "seconds" not in self._on[name]

    async def hold(self, name: str, since: float | None = None) -> None:
        """Wait while a day lasts, from `since` or from now; turning it off ends the wait."""
        began = self.now() if since is None else since
        while self.lasts(name, began):
            seconds = self._on[name].get("seconds")
            left = None if seconds is None else began + seconds - self.now()
            changed = self._changed
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def one_write_scope(resource_id: str) -> tuple[str, str]:
    """The key of a resource that allows one write at a time, and its day; else two empty strings.

    The id is that of a server, site, profile or environment, or of a child of one.
    """
    scope, provider, tail = key_of(resource_id).rpartition("/providers/")
    namespace, kind, name, *_ = [*tail.split("/"), "", ""]
    day = _BY_SCOPE.get(f"{namespace}/{kind}", "")
    return (f"{scope}{provider}{namespace}/{kind}/{name}", day) if day else ("", "")


def refusal(name: str, /, **words: str) -> CloudError:
    """The error by which a day refuses."""
    day = DAYS[name]
    return CloudError(day.code, day.message.format(guid=uuid.uuid4(), **words))


def _parameters(name: str, given: object) -> Mapping[str, float]:
    if name not in DAYS:
        raise CloudError(
            "InvalidParameterValue", f"There is no day '{name}'. There are: {', '.join(DAYS)}."
        )
    takes = DAYS[name].takes
    with contextlib.suppress(ValidationError):
        parameters = _PARAMETERS.validate_python(given, strict=True)
        if parameters.keys() <= set(takes):
            return parameters
    allowed = f"an object with {' or '.join(takes)} above 0, or {{}}" if takes else "{}"
    raise CloudError("InvalidParameterValue", f"The day '{name}' takes {allowed}; got {given}.")
