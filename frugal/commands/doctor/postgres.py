"""Checks of PostgreSQL in a region: offer, version, size, high availability, vCores.

Shapes: azure-mgmt-postgresqlflexibleservers 2.0.0 (api-version 2025-08-01).
Answers: Azure/azure-cli, test_postgres_flexible_server_mgmt_create_validator.yaml (2026-01-07).
"""

import re
from collections.abc import Mapping, Sequence
from typing import get_args

from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import (
    Entry,
    Subscription,
    checked,
    child,
    children,
    missing,
    set_config,
)
from frugal.commands.doctor.quotas import room
from infra.settings import Database

_API_VERSION = "2025-08-01"
_MODES = {"sameZone": "SameZone", "zoneRedundant": "ZoneRedundant"}
_SUBJECT = "PostgreSQL"


def postgres(subscription: Subscription, region: str) -> list[Finding]:
    """Check that a region offers the server of the settings.

    A restricted subscription gets a reason, the feature OfferRestricted, no versions and no
    editions (reports of 2026-07-12 and 2026-08-25; Azure/azure-cli tests the same feature).
    """
    path = f"{_base(subscription, region)}/capabilities"
    records = subscription.arm.list(path, api_version=_API_VERSION)
    skus: dict[str, Entry] = {
        str(sku["name"]): {**sku, "features": _features(record)}
        for record in records
        for edition in _usable(record, "supportedServerEditions")
        for sku in _usable(edition, "supportedServerSkus")
    }
    versions = [
        str(version["name"])
        for record in records
        for version in _usable(record, "supportedServerVersions")
    ]
    if not (skus and versions) or any(map(_is_restricted, records)):
        reasons = [str(record["reason"]) for record in records if record.get("reason")]
        text = ": ".join([f"{region} is closed to this subscription", *reasons[:1]])
        return [missing(subscription, _SUBJECT, text)]
    sku = skus.get(subscription.settings.database.sku)
    findings = [
        *_version(subscription, region, versions),
        *_size(subscription, region, sku, list(skus)),
    ]
    if sku is None:
        return findings
    mode = _MODES.get(subscription.settings.database.high_availability)
    if mode is not None:
        findings += _availability(subscription, region, sku, mode)
    cores = int(sku.get("vCores") or 1) * (2 if mode else 1)
    quota = checked("PostgreSQL vCores", lambda: [_cores(subscription, region, cores)])
    return [*findings, *quota]


def _base(subscription: Subscription, region: str) -> str:
    return f"{subscription.path}/providers/Microsoft.DBforPostgreSQL/locations/{region}"


def _usable(parent: Entry, key: str) -> list[Entry]:
    return [entry for entry in children(parent, key) if entry.get("status") != "Disabled"]


def _features(record: Entry) -> Mapping[str, str]:
    features = children(record, "supportedFeatures")
    return {str(feature.get("name")): str(feature.get("status")) for feature in features}


def _is_restricted(record: Entry) -> bool:
    """True if the offer is restricted, by the feature or the older, equivalent property."""
    return "Enabled" in (_features(record).get("OfferRestricted"), record.get("restricted"))


def _version(subscription: Subscription, region: str, versions: Sequence[str]) -> list[Finding]:
    wanted = subscription.settings.database.version
    if wanted in versions:
        return []
    text = f"version {wanted} is not offered in {region}; offered: {', '.join(versions)}"
    known = get_args(Database.model_fields["version"].annotation)
    other = [version for version in known if version in versions]
    if not other:
        return [missing(subscription, _SUBJECT, text)]
    command = set_config(subscription.settings, "database.version", other[-1])
    remedy = "Take another version, or look for another region; one of:"
    return [missing(subscription, _SUBJECT, text, remedy, command)]


def _size(
    subscription: Subscription, region: str, sku: Entry | None, offered: Sequence[str]
) -> list[Finding]:
    wanted = subscription.settings.database.sku
    if sku is not None:
        return [Finding("ok", _SUBJECT, f"{wanted} is offered in {region}")]
    tier = re.match(r"Standard_[A-Z]", wanted)
    alike = [name for name in offered if tier and name.startswith(tier.group())]
    text = f"{wanted} is not offered in {region}; of its tier: {', '.join(alike[:4]) or 'none'}"
    remedy = "Take another size (database.sku), or look for another region:"
    return [missing(subscription, _SUBJECT, text, remedy)]


def _availability(subscription: Subscription, region: str, sku: Entry, mode: str) -> list[Finding]:
    feature = "ZoneRedundantHa" if mode == "ZoneRedundant" else ""
    is_disabled = child(sku, "features").get(feature) == "Disabled"
    if mode in (sku.get("supportedHaMode") or []) and not is_disabled:
        return []
    text = f"high availability {mode} of {sku['name']} is not offered in {region}"
    command = set_config(subscription.settings, "database.highAvailability", "disabled")
    remedy = "Do without, or look for another region; one of:"
    return [missing(subscription, _SUBJECT, text, remedy, command)]


def _cores(subscription: Subscription, region: str, needed: int) -> Finding:
    """Check the quota of vCores, of all sizes together and of the size's family.

    Names of the rows: microsoft/mcp, PostgreSQLUsageChecker.cs (2026): cores, standardBSFamily,
    standardDDSv5Family and the like.
    """
    path = f"{_base(subscription, region)}/resourceType/flexibleServers/usages"
    rows, subject = ("cores", _family(subscription.settings.database.sku)), "PostgreSQL vCores"
    return room(subscription, subject, path, api_version=_API_VERSION, rows=rows, amount=needed)


def _family(sku: str) -> str:
    """Name of the quota of a size: Standard_D2ds_v5 → standardDDSv5Family."""
    match = re.fullmatch(r"Standard_([BDE])\d+([a-z]*)(?:_(v\d+))?", sku)
    letter, kind, version = match.groups("") if match else ("", "", "")
    return f"standard{letter}{'S' if letter == 'B' else kind.upper()}{version}Family"
