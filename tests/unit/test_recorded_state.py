"""Dynamic resources as an earlier version recorded them: refresh and destroy still understand them.

The engine keeps each resource's provider as a pickled reference to its module and class. The
recording is that part of `pulumi stack export` of the environment `local`, from commit db7b844.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dill
import httpx
import pytest

from infra.components.dynamic_provider import Provider
from infra.waits import DEFAULTS

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "states" / "dynamic-2026-11-27.json").read_text()
)
ARM = "https://management.azure.com"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Resource Manager that has everything, and what was asked of it: method and path."""
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metadata/endpoints":
            cloud = {"resourceManager": ARM, "authentication": {"loginEndpoint": ARM}}
            return httpx.Response(200, json=[cloud])
        asked.append((request.method, request.url.path))
        return httpx.Response(200, json={"value": []})

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **_: client(transport=httpx.MockTransport(answer)))
    monkeypatch.setattr("infra.credentials.Account.token", lambda *_, **__: "token")
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "management.azure.com")
    # Seconds in which a deleted account may still come into Azure's list.
    monkeypatch.setattr("infra.waits._current", {**DEFAULTS, "purge": 0})
    return asked


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["name"])
def test_refreshes_without_a_change_and_is_deleted(
    recorded: Mapping[str, Any], calls: list[tuple[str, str]]
) -> None:
    outputs = dict(recorded["outputs"])
    pickled = base64.b64decode(outputs["__provider"])
    provider: Provider = dill.loads(pickled)  # noqa: S301 - the recording is this project's own
    assert isinstance(provider, Provider)
    read = provider.read(recorded["id"], outputs)
    assert (read.id, read.outs) == (recorded["id"], outputs)
    assert not provider.diff(recorded["id"], outputs, outputs).changes
    provider.delete(recorded["id"], outputs)
    assert {method for method, _ in calls} <= {"GET"}
