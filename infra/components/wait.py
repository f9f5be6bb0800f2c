"""Waits for operations that Azure has accepted and not finished; transient errors are retried.

Calls: Microsoft.DBforPostgreSQL 2025-08-01, Servers_Get, AdministratorsMicrosoftEntra_ListByServer
and _CreateOrUpdate (azure-mgmt-postgresqlflexibleservers 3.0.0); Microsoft.Authorization
2022-04-01, RoleAssignments_GetById (azure-mgmt-authorization 4.0.0). Read November 2026; the
reasons and their sources are in docs/adr/0009.
"""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pulumi import Input, ResourceOptions
from pulumi.dynamic import CreateResult
from pulumi.dynamic import Resource as DynamicResource

from infra import polling
from infra.arm import Arm, ArmError
from infra.components.dynamic_provider import Provider, ProviderError

POSTGRES_API_VERSION = "2025-08-01"
ROLES_API_VERSION = "2022-04-01"

_LONGEST_PAUSE = 10.0  # seconds between two polls
_LOOKS_BEFORE_PUT = 4  # an administrator is more often listed late than lost
# Of HTTP; 0: no answer. 404: Resource Manager's own replicas are seconds behind each other. 409:
# ServerIsBusy, AadAuthOperationCannotBePerformedWhenServerIsNotAccessible
# (Azure/azure-postgresql issues 134 and 127).
_PASSING = {0, 404, 409, 429, 500, 502, 503, 504}
_NOT_SIGNED_IN = "NotSignedIn"


class WaitError(ProviderError):
    """Azure has not finished in time; the text has its last answer and the next step."""


class Wait(DynamicResource, module="frugal", name="Wait"):
    """Wait until Azure has finished. A new subject replaces it; deleting it does nothing.

    Kinds: `server`, a PostgreSQL server that is Ready at every poll for `settle` seconds;
    `administrator`, one that its server lists, which is then Ready for its next child (`body`: of
    the PUT that is repeated while the list lacks it); `role`, an assignment that is `settle`
    seconds old, when its service honours it. `deadline`: seconds to wait at most.
    """

    def __init__(
        self,
        name: str,
        kind: Literal["server", "administrator", "role"],
        subject: Input[str],
        *,
        deadline: float,
        settle: float = 0,
        body: Mapping[str, Any] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "kind": kind,
            "subject": subject,
            "settle": settle,
            "deadline": deadline,
            "body": body,
        }
        super().__init__(WaitProvider(), name, props, opts)


class WaitProvider(Provider):
    """Wait on creation; other operations do nothing."""

    replace_on = ("kind", "subject", "body")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait. Raises WaitError, ArmError."""
        with Arm(patience=0) as arm:  # the deadline counts, whatever Azure answers
            wait(arm, props)
        return CreateResult(f"{props['subject']}/{props['kind']}", props)


def wait(arm: Arm, props: Mapping[str, Any]) -> None:
    """Return when the wait of these properties is over. Raises WaitError, ArmError."""
    subject = str(props["subject"])
    settle, deadline = float(props["settle"]), float(props["deadline"])
    short = subject.rsplit("/", 1)[-1]
    match props["kind"]:
        case "server":
            failure = f"the PostgreSQL server {short} is not ready"
            until(lambda: _not_ready(arm, subject), failure, settle=settle, deadline=deadline)
        case "administrator":
            look = _administrator_look(arm, subject, props["body"])
            failure = f"the PostgreSQL server does not list its administrator {short}"
            until(look, failure, deadline=deadline)
        case _:
            created: list[datetime] = []
            failure = f"Azure does not know the role assignment {short}"
            until(lambda: created.append(_created(arm, subject)), failure, deadline=deadline)
            age = (_now() - created[0]).total_seconds()
            # At most the time of a new assignment, however wrong this machine's clock is.
            polling.sleep(max(0.0, min(settle, settle - age)))


def _now() -> datetime:
    return datetime.now(UTC)


def until(
    look: Callable[[], str | None], failure: str, *, deadline: float, settle: float = 0.0
) -> None:
    """Poll until nothing is missing at any poll for `settle` seconds.

    `look` returns Azure's answer while something is missing. Transient errors are retried.
    `failure` begins the message if something is missing at the deadline (seconds from now).
    Raises WaitError, ArmError.
    """
    missing = polling.poll(
        lambda: _passing(look), deadline=deadline, settle=settle, longest=_LONGEST_PAUSE, growth=2
    )
    if missing:
        raise WaitError(
            f"{failure} after {deadline:.0f} seconds; Azure's last answer: {missing}. What exists "
            "so far is kept: run the same command again in a few minutes, or wait longer: "
            f"pulumi config set --path waits.deadline {deadline * 2:.0f}"
        )


def _passing(look: Callable[[], str | None]) -> str | None:
    """Result of a poll; a transient error counts as an answer."""
    try:
        return look()
    except ArmError as error:
        if error.status not in _PASSING or error.code == _NOT_SIGNED_IN:
            raise
        return str(error)


def _not_ready(arm: Arm, server: str) -> str | None:
    state = arm.get(server, api_version=POSTGRES_API_VERSION)["properties"].get("state")
    return None if state == "Ready" else f"state {state}"


def _administrator_look(
    arm: Arm, administrator: str, body: Mapping[str, object]
) -> Callable[[], str | None]:
    """Poll the list, since a GET may answer 404 for an existing administrator.

    Azure may accept an administrator's PUT and drop it silently (alchemy-run/alchemy,
    Azure/PostgreSQL/Administrator.ts, 2026), so it is repeated.
    """
    administrators, _, object_id = administrator.rpartition("/")
    looks = itertools.count(1)

    def look() -> str | None:
        listed = arm.list(administrators, api_version=POSTGRES_API_VERSION)
        if object_id.lower() in {str(a["properties"]["objectId"]).lower() for a in listed}:
            return _not_ready(arm, administrators.rpartition("/")[0])
        if next(looks) % _LOOKS_BEFORE_PUT == 0:
            arm.put(administrator, api_version=POSTGRES_API_VERSION, body=body)
        return "not in the list of administrators"

    return look


def _created(arm: Arm, assignment: str) -> datetime:
    properties = arm.get(assignment, api_version=ROLES_API_VERSION)["properties"]
    return datetime.fromisoformat(str(properties["createdOn"]))
