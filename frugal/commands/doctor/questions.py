"""The subscription to check, and helpers of its checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from frugal.commands.doctor.findings import Finding
from infra.arm import Arm, ArmError
from infra.naming import PROJECT
from infra.settings import Settings

_FORBIDDEN = 403
# Azure's words in creating a Front Door profile: "Free Trial and Student account is forbidden"
# (MicrosoftLearning/AZ-204-DevelopingSolutionsforMicrosoftAzure #848, 2024-12-07). The same offers
# have one Container Apps environment over all regions (microsoft/azure-container-apps #459,
# 2022-10-17; a student's subscription, 2026-07-22).
_FREE_OFFERS = ("FreeTrial", "Students")

Entry = Mapping[str, Any]
"""An object of an answer, as JSON has it."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """The subscription to check.

    `offer`: its quotaId, "" where unknown; `providers`: by namespace in lower case, empty where
    unknown; `existing`: resources of the types that have quotas, none where unknown.
    """

    arm: Arm
    id: str
    settings: Settings
    offer: str
    providers: Mapping[str, Entry]
    existing: Sequence[Entry]

    @property
    def path(self) -> str:
        """Path of the subscription in Resource Manager."""
        return f"/subscriptions/{self.id}"

    @property
    def is_free(self) -> bool:
        """True if the offer is one of free credit."""
        return any(word in self.offer for word in _FREE_OFFERS)

    def is_registered(self, namespace: str) -> bool:
        """True if a resource provider is registered, or the providers are unknown."""
        entry = self.providers.get(namespace.lower()) or {}
        return not self.providers or entry.get("registrationState") == "Registered"

    def is_offered(self, kind: str, region: str) -> bool:
        """True if Azure has a type in a region, or the type's regions are unknown."""
        namespace, _, name = kind.partition("/")
        types = children(self.providers.get(namespace.lower()) or {}, "resourceTypes")
        found = [t for t in types if str(t.get("resourceType")).lower() == name.lower()]
        return not found or region in map(plain, found[0].get("locations") or [region])

    def of_type(self, kind: str) -> list[Entry]:
        """Resources of a type that exist in any region."""
        return [e for e in self.existing if str(e.get("type")).lower() == kind.lower()]

    def own(self, kind: str) -> Entry | None:
        """Resource of a type that the environment has already."""
        name = self.settings.environment
        return next((e for e in self.of_type(kind) if belongs_to(e, name)), None)


def belongs_to(resource: Entry, environment: str) -> bool:
    """True if the tags of a resource are those of an environment."""
    ours = {"project": PROJECT, "environment": environment}
    return ours.items() <= child(resource, "tags").items()


def refusal(subject: str, error: ArmError) -> Finding:
    """Note on a query that Azure refuses.

    Raises the error if Azure cannot be reached, since further queries would fail too.
    """
    if not error.status:
        raise error
    remedy = ""
    if error.status == _FORBIDDEN:
        remedy = "With the role Reader on the subscription this login may ask."
    return Finding("note", subject, f"could not be asked: {error}", remedy)


def checked(subject: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """Findings of a check, or a note if Azure refuses its query. Raises ArmError as `refusal`."""
    try:
        return check()
    except ArmError as error:
        return [refusal(subject, error)]


def missing(
    subscription: Subscription,
    subject: str,
    text: str,
    remedy: str = "Look for another region:",
    *commands: str,
) -> Finding:
    """Finding whose remedy is another region."""
    search = f".venv/bin/frugal doctor -s {subscription.settings.environment} --regions"
    return Finding("missing", subject, text, remedy, (*commands, search))


def child(parent: Entry, key: str) -> Entry:
    """Object within an object; {} where there is none."""
    return cast("Entry", parent.get(key) or {})


def children(parent: Entry, key: str) -> Sequence[Entry]:
    """Objects of a list within an object; none where there is no list."""
    return cast("Sequence[Entry]", parent.get(key) or ())


def set_config(settings: Settings, path: str, value: str) -> str:
    """Command that sets a field of the environment."""
    return f"pulumi config set -s {settings.environment} --path {path} {value}"


def plain(location: str) -> str:
    """Region's name for Resource Manager, from that or from the displayed one ("East US")."""
    return location.lower().replace(" ", "")
