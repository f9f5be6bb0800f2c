"""Every body that the program sends, in every environment, passes Microsoft's published models."""

from typing import Any

import pytest
from pulumi.output import Unknown

from frugal.cloud.contract import UNKNOWN, model
from tests.unit.conftest import Declare

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "other hosts": {
        "homepage": {"host": "staticSite"},
        "translator": {
            "host": "containerApp",
            "translation": {"provider": "azure", "sku": "S1"},
        },
    },
}


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_no_body_is_against_the_contract(
    program: Declare, environment: str, preview: bool, changes: dict[str, Any]
) -> None:
    recorder = program(environment, changes, preview=preview)
    findings = [
        f"{sent.name}: {finding}"
        for sent in recorder.azure()
        for finding in model(sent.type).check(_known(sent.inputs))
    ]
    assert findings == []


def _known(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value
