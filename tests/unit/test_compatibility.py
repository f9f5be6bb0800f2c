"""Compatibility with what was recorded at commit 3544805: states, settings, stores, JSON, usage.

A state of Pulumi's, a stack's file, a usage file and a program that reads our JSON outlive a
version of Frugal. So types, URNs, inputs and names stay as they are; new resources and names may
come. Recorded elsewhere: the tokens of all components (test_components.COMPONENTS), the pickled
dynamic providers (test_recorded_state), the stack's outputs (test_program).
"""

import base64
import json
import pickletools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel

from frugal.cloud.cloud import DELETING, Cloud
from frugal.cloud.spawn import accounts
from frugal.cloud.status import status
from frugal.cloud.store import FILE, KEY, Store
from frugal.cloud.types import TYPES
from frugal.cloud.types.database import MIGRATED
from frugal.cost.plan import resource
from frugal.cost.report.comparison import comparison_data
from frugal.cost.usage import Elsewhere, Offers, keys_of
from infra.settings import Settings
from infra.stacks import MODELS
from tests.cost.command import frugal
from tests.cost.made import (
    UNKNOWN,
    app,
    azure,
    edge,
    plan_of,
    preview,
    server,
    step,
    urn,
    vault,
)
from tests.cost.test_compare import compare
from tests.unit.conftest import Declare
from tests.unit.recording import Recorder, Sent

STATES = Path(__file__).parent / "states"
NAMES: Mapping[str, Any] = json.loads((STATES / "names.json").read_text())


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_every_resource_is_as_recorded(program: Declare, environment: str) -> None:
    recorded = json.loads((STATES / f"{environment}.json").read_text())
    declared = resources(program(environment, recorded["config"]))
    known = {urn: declared.get(urn) for urn in recorded["resources"]}
    assert differences(recorded["resources"], known) == []


def resources(recorder: Recorder) -> dict[str, dict[str, object]]:
    """Registered resources by URN."""
    return {
        sent.urn: {
            "type": sent.type,
            "name": sent.name,
            "parent": parent(sent),
            "protect": sent.protect,
            "ignoreChanges": list(sent.ignore_changes),
            "deletedWith": sent.deleted_with,
            "inputs": inputs(sent),
        }
        for sent in sorted(recorder.sent, key=lambda one: one.urn)
    }


def parent(sent: Sent) -> str:
    """URN of the parent; none for the stack, whose URN here is that of the last test's."""
    return "" if "::pulumi:pulumi:Stack::" in sent.parent else sent.parent


def inputs(sent: Sent) -> dict[str, Any]:
    """Inputs without what follows from the day and from the apps' files."""
    found = json.loads(json.dumps(dict(sent.inputs)))
    if "__provider" in found:
        found["__provider"] = provider_class(found["__provider"])
    if sent.type.endswith(":Image"):
        found["content"] = "SHA-256"
    if "timePeriod" in found:
        found["timePeriod"]["startDate"] = "MONTH"
    return found


def provider_class(pickled: str) -> str:
    """Module and class in the pickle of a dynamic provider."""
    read = pickletools.genops(base64.b64decode(pickled))
    texts = [str(value) for code, value, _ in read if code.name == "SHORT_BINUNICODE"]
    return ".".join(texts)


def differences(old: object, new: object, at: str = "") -> list[str]:
    """A line for each value that is not the recorded one."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        parts = [differences(old.get(key), new.get(key), f"{at}/{key}") for key in keys]
        return [line for part in parts for line in part]
    return [] if old == new else [f"{at}: {old!r} → {new!r}"]


def test_a_difference_names_its_place() -> None:
    old, new = {"urn": {"inputs": {"sku": "B1"}}}, {"urn": {"inputs": {"sku": "B2", "more": 1}}}
    assert differences(old, new) == ["/urn/inputs/sku: 'B1' → 'B2'", "/urn/inputs/more: None → 1"]


def test_every_setting_has_its_name() -> None:
    of_sites = [leaf for site, model in MODELS.items() for leaf in leaves(model, f"{site}.")]
    assert missing("settings", [*leaves(Settings), *of_sites]) == []


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, f"{path}.")
        else:
            yield path


def test_a_usage_file_has_its_keys_and_defaults() -> None:
    found = {
        kind: {key: str(one.value) for key, one in keys_of(declared(kind)).items()}
        for kind in NAMES["usage"]
    }
    assert differences(NAMES["usage"], found) == []
    assert missing("used_elsewhere", leaves(Elsewhere)) == []
    assert missing("offers", Offers.model_fields) == []


def declared(kind: str) -> Any:
    return resource(urn(f"azure-native:{kind}", "one"), {})


def test_a_store_is_read_and_written_with_the_recorded_keys(tmp_path: Path) -> None:
    recorded = json.loads((STATES / "store.json").read_text())
    key = Fernet.generate_key()
    (tmp_path / KEY).write_bytes(key)
    (tmp_path / FILE).write_bytes(Fernet(key).encrypt(json.dumps(recorded).encode()))
    store = Store(tmp_path)
    (account,) = store.deleted("azure-native:cognitiveservices:Account")
    assert account.data == {"deleted": 1790000000.0, "purged": 1790000001.0}
    store.save()
    written = json.loads(Fernet(key).decrypt((tmp_path / FILE).read_bytes()))
    assert differences(recorded, written) == []
    data = {key for one in recorded["resources"] for key in one["data"]}
    assert {DELETING, MIGRATED} <= data


def test_status_has_its_keys(tmp_path: Path) -> None:
    try:
        assert missing("status", status(Cloud(tmp_path, TYPES))) == []
    finally:
        accounts.remove(tmp_path)


def test_json_of_a_bill_has_its_keys() -> None:
    printed = frugal(
        *("cost", "--preview", "-", "--format", "json", "--allow-unpriced"),
        given=json.dumps(everything()).encode(),
    )
    assert printed.code == 0, printed.err
    assert missing("cost", paths(json.loads(printed.out))) == []


def everything() -> dict[str, Any]:
    """A plan with a line of several tiers, alerts, what is free, unpriced and not Azure's."""
    budget = azure(
        "consumption:Budget",
        "budget",
        amount=1,
        timeGrain="Monthly",
        notifications={"a": {"enabled": True, "threshold": 50, "thresholdType": "Actual"}},
    )
    hidden = azure("web:AppServicePlan", "hidden", location="eastus", sku={"name": UNKNOWN})
    other = resource(urn("random:index/randomId:RandomId", "id"), {})
    ours = [app(), edge(), server(), vault(), plan_of(), budget, hidden, other]
    ours.append(azure("resources:ResourceGroup", "group", location="eastus"))
    return preview(*(step("create", None, one) for one in ours))


def test_json_of_a_comparison_has_its_keys() -> None:
    assert missing("compare", paths(comparison_data(compare()))) == []


def test_json_of_the_prices_has_its_keys() -> None:
    printed = frugal("prices", "--service", "Key Vault", "--format", "json")
    assert missing("prices", paths(json.loads(printed.out))) == []


def paths(value: object, at: str = "") -> set[str]:
    """The paths of all keys; an entry of a list is `[]`."""
    if isinstance(value, dict):
        inner = [paths(entry, f"{at}.{key}" if at else key) for key, entry in value.items()]
        return {at}.union(*inner) - {""}
    if isinstance(value, list):
        return {at}.union(*(paths(entry, f"{at}[]") for entry in value))
    return {at}


def missing(kind: str, names: Iterable[str]) -> list[str]:
    """The recorded names that are not there any more."""
    return sorted(set(NAMES[kind]) - set(names))
