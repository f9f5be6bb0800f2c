"""Managed certificates as Azure issues and renews them, by the clock of the days."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from frugal.cloud.domains import LIFETIME, RENEWED_BEFORE
from frugal.cloud.store import Resource

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud

State = Literal["Pending", "Failed", "Succeeded"]

_RENEWED_AFTER = (LIFETIME - RENEWED_BEFORE).total_seconds()


def ask(cloud: "Cloud", certificate: Resource, host: str) -> None:
    """Note that a certificate was asked for, and whether the authority will refuse it."""
    failed = cloud.days.strikes("certificate-fails", host)
    certificate.data.update(failed=failed, asked=cloud.days.now())


def state(cloud: "Cloud", certificate: Resource, is_right: Callable[[], bool]) -> State:
    """State of a certificate that was asked for.

    `is_right`: True while the records of its name are; when it is due it is renewed then, at a
    look, and otherwise it ends.
    """
    if cloud.days.lasts("certificate-slow", certificate.data["asked"]):
        return "Pending"
    if certificate.data["failed"]:
        return "Failed"
    if not renew(cloud, certificate, is_right):
        age = cloud.days.now() - certificate.data["asked"]
        return "Succeeded" if age < LIFETIME.total_seconds() else "Failed"
    return "Succeeded"


def renew(cloud: "Cloud", resource: Resource, is_right: Callable[[], bool]) -> bool:
    """Renew what was `asked` for long ago, if its records are right; False if they are not."""
    if cloud.days.now() - resource.data["asked"] < _RENEWED_AFTER:
        return True
    if not is_right():
        return False
    resource.data["asked"] = cloud.days.now()
    cloud.store.put(resource)
    return True
