"""Quotas of a region: how much of each is used, and whether there is room."""

from collections.abc import Sequence

from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import Subscription, child, missing


def room(
    subscription: Subscription,
    subject: str,
    path: str,
    *commands: str,
    api_version: str,
    rows: Sequence[str],
    amount: int = 1,
) -> Finding:
    """Check quotas for room for `amount` more. Raises ArmError.

    `path`: of the region's usages; `rows`: names of the quotas, the first of which is in every
    answer; `commands`: alternatives that need less. A negative limit is none.
    """
    answer = subscription.arm.list(path, api_version=api_version)
    quotas = {str(child(row, "name").get("value")).lower(): row for row in answer}
    if rows[0].lower() not in quotas:
        return Finding("note", subject, f"Azure answers no quota {rows[0]}")
    enough: list[str] = []
    short: list[str] = []
    for quota in (quotas[row.lower()] for row in rows if row.lower() in quotas):
        name = child(quota, "name").get("localizedValue") or child(quota, "name").get("value")
        used, limit = int(quota.get("currentValue") or 0), int(quota.get("limit") or 0)
        has_room = limit < 0 or limit - used >= amount
        (enough if has_room else short).append(f"{name}: {used} of {limit} in use")
    text = f"{'; '.join(short or enough)}; {amount} needed"
    if not short:
        return Finding("ok", subject, text)
    others = "do one of:" if commands else "look for another region:"
    remedy = f"Ask for more in the portal (Quotas), or {others}"
    return missing(subscription, subject, text, remedy, *commands)
