"""Whatever is given as a plan: a bill or one message, an exit code that says which."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cost.command import Ran, frugal
from tests.cost.made import UNKNOWN, app, plan_of, preview, registry, server, state, step, workspace

FOLDER = Path(__file__).parent / "plans"
PLANS = [file.read_bytes() for file in sorted(FOLDER.glob("*.json"))]
OWN = preview(
    step("same", registry(), registry()),
    step("update", app(least=0), app(least=1)),
    step("replace", server(), server("Standard_B2s")),
    step("create", None, plan_of("P0v3")),
    step("delete", workspace(), None),
)
STATE = {"deployment": {"resources": [state(registry()), state(server()), state(app(least=1))]}}
DOCUMENTS = [OWN, *(json.loads(plan) for plan in PLANS)]

many = settings(max_examples=60)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            UNKNOWN,
            "[secret]",
            "",
            "-1",
            "1e999999999999999",
            "\u0663",
            "\ud800",
            "0x10",
            "1_0",
            10**400,
            -0.0,
        ]
    ),
    st.just({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
OPERATIONS = """
same create update delete replace create-replacement delete-replaced read import refresh
import-replacement remove-pending-replace discard-replaced destroy
"""
operations = st.sampled_from(OPERATIONS.split())


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Path of a value in a document."""
    found = [at] if at else []
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        if isinstance(inner, dict | list):
            found += places(inner, (*at, key))
        else:
            found.append((*at, key))
    return found


PLACES = [places(document) for document in DOCUMENTS]


@st.composite
def broken_plans(draw: st.DrawFn) -> bytes:
    """A plan in which some values are others, missing, or there twice."""
    which = draw(st.integers(0, len(DOCUMENTS) - 1))
    document = copy.deepcopy(DOCUMENTS[which])
    for _ in range(draw(st.integers(1, 4))):
        *path, last = draw(st.sampled_from(PLACES[which]))
        holder: Any = document
        try:
            for key in path:
                holder = holder[key]
            holder[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
        if not isinstance(holder, dict | list):
            continue
        match draw(st.sampled_from(("other", "other", "missing", "twice", "operation"))):
            case "other":
                holder[last] = draw(values)
            case "missing":
                del holder[last]
            case "twice" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[last]))
            case _ if "op" in holder:
                holder["op"] = draw(operations)
    return json.dumps(document).encode()


def check(ran: Ran, *, codes: tuple[int, ...] = (0, 2, 3, 4)) -> None:
    assert ran.code in codes
    assert "Traceback" not in ran.err
    if ran.code == 2:
        assert ran.out == ""
        assert ran.err.count("Error: ") == 1
        assert ran.err.startswith("Error: ")
    else:
        bill = json.loads(ran.out)
        assert bool(bill["unpriced"]) >= (ran.code == 4)
        assert bool(ran.err) == (ran.code != 0)


def cost(plan: bytes, *more: str) -> Ran:
    return frugal("cost", "--preview", "-", "--format", "json", *more, given=plan)


@many
@given(broken_plans())
def test_broken_values(plan: bytes) -> None:
    check(cost(plan, "--fail-above", "20"))


@settings(max_examples=20)
@given(broken_plans(), st.sampled_from(("table", "markdown", "html")))
def test_every_report_of_broken_values(plan: bytes, shown_as: str) -> None:
    ran = frugal("cost", "--preview", "-", "--format", shown_as, given=plan)
    assert ran.code in (0, 2, 4)
    assert "Traceback" not in ran.err
    assert bool(ran.out) == (ran.code != 2)


@many
@given(st.data())
def test_truncated(data: st.DataObject) -> None:
    plan = data.draw(st.sampled_from(PLANS)).rstrip()
    end = data.draw(st.integers(0, len(plan) - 1))
    check(cost(plan[:end]), codes=(2,))


@many
@given(st.data())
def test_bytes_that_flipped(data: st.DataObject) -> None:
    plan = bytearray(data.draw(st.sampled_from(PLANS)))
    for _ in range(data.draw(st.integers(1, 5))):
        plan[data.draw(st.integers(0, len(plan) - 1))] = data.draw(st.integers(0, 255))
    check(cost(bytes(plan)))


@many
@given(values | st.fixed_dictionaries({"steps": values, "changeSummary": values}))
def test_any_json(document: object) -> None:
    check(cost(json.dumps(document).encode()))


@many
@given(st.binary(max_size=64))
def test_any_bytes(plan: bytes) -> None:
    check(cost(plan))


@st.composite
def broken_states(draw: st.DrawFn) -> bytes:
    document: Any = copy.deepcopy(STATE)
    *path, last = draw(st.sampled_from(places(STATE)))
    holder = document
    for key in path:
        holder = holder[key]
    holder[last] = draw(values)
    return json.dumps(document).encode()


@many
@given(broken_states())
def test_broken_states(document: bytes) -> None:
    check(frugal("cost", "--state", "-", "--format", "json", given=document))


@settings(max_examples=30)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.text(max_size=40).map(lambda text: f"version: 1\n{text}".encode(errors="ignore")),
        st.fixed_dictionaries(
            {"version": st.just(1) | leaves},
            optional={"resources": values, "offers": values, "used_elsewhere": values},
        ).map(lambda content: json.dumps(content).encode()),
    )
)
def test_any_usage_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any-usage.yaml"
    file.write_bytes(content)
    check(cost(json.dumps(OWN).encode(), "--usage", str(file)))
