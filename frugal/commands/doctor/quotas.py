"""Quotas of a region: how much of each is used, and whether there is room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import Subscription, child, missing

_REMEDY = "Ask for more in the portal (Quotas), or "


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A row of a region's usages, by the portal's display name. Limits are not negative."""

    name: str
    used: int
    limit: int

    def has_room(self, needed: int) -> bool:
        """True if the quota has room for `amount` more."""
        return self.limit < 0 or self.limit - self.used >= needed


def usages(subscription: Subscription, path: str, *, api_version: str) -> dict[str, Quota]:
    """Rows of a region's usages, by their names in lower case."""
    quotas: dict[str, Quota] = {}
    for row in subscription.arm.list(path, api_version=api_version):
        name = child(row, "name")
        quotas[str(name.get("value")).lower()] = Quota(
            name=str(name.get("localizedValue") or name.get("value")),
            used=int(row.get("currentValue") or 0),
            limit=int(row.get("limit") or 0),
        )
    return quotas


@dataclass(frozen=True, kw_only=True)
class Need:
    """Amount needed of several quotas; the first of `rows` is in every response."""

    subject: str
    rows: Sequence[str]
    amount: int = 1

    def compare(
        self, subscription: Subscription, quotas: Mapping[str, Quota], *commands: str
    ) -> Finding:
        """Finding of the quotas; `commands`: alternatives that need less."""
        known = [quotas[row.lower()] for row in self.rows if row.lower() in quotas]
        if self.rows[0].lower() not in quotas:
            return Finding("note", self.subject, f"Azure answers no quota {self.rows[0]}")
        short = [quota for quota in known if not quota.has_room(self.amount)]
        text = "; ".join(f"{q.name}: {q.used} of {q.limit} in use" for q in short or known)
        text = f"{text}; {self.amount} needed"
        if not short:
            return Finding("ok", self.subject, text)
        remedy = f"{_REMEDY}{'do one of:' if commands else 'look for another region:'}"
        return missing(subscription, self.subject, text, remedy, *commands)
