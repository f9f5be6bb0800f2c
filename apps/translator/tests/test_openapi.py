"""The API answers as it says, whatever is sent: schemathesis makes it up."""

from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

checks.load_all_checks()
OPERATIONS = [
    "GET /generate_name",
    "GET /api/rounds",
    "POST /api/rounds",
    "GET /api/rounds/{round_id}",
    "DELETE /api/rounds/{round_id}",
    "POST /api/rounds/{round_id}/reactions",
]
STREAM = "GET /api/rounds/{round_id}/events"  # has tests of its own
ANY_PATH = ["GET /api/rounds/{round_id}", "DELETE /api/rounds/{round_id}"]
WANTED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
]


@pytest.fixture(scope="module")
def schema(client: httpx.Client) -> Any:
    return schemathesis.openapi.from_dict(client.get("/openapi.json").json())


def test_every_operation_is_tried(schema: Any) -> None:
    found = {result.ok().label for result in schema.get_all_operations()}
    assert found == {*OPERATIONS, STREAM}


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        (label, mode)
        for label in OPERATIONS
        for mode in schemathesis.GenerationMode
        # Every text is a path: there is no wrong one.
        if not (mode.name == "NEGATIVE" and label in ANY_PATH)
    ],
)
def test_answers_are_as_documented(
    label: str, mode: Any, schema: Any, client: httpx.Client
) -> None:
    operation = schema.find_operation_by_label(label)
    registry = cast("Any", checks).CHECKS  # only half typed
    tried = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def ask(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(base_url=str(client.base_url), checks=registry.get_by_names(WANTED))

    ask()
    assert tried >= 5
