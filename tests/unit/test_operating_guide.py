"""The operating guide answers every code of Azure's that the code base names."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
TABLE = "## Errors of Azure, and what to do"
# Beside the deployment's own calls, what the local cloud plays of Azure's refusals.
SOURCES = [*(ROOT / "infra").rglob("*.py"), ROOT / "frugal" / "cloud" / "days.py"]


def codes(source: str) -> set[str]:
    """Codes of errors that Python code names.

    They are given as `code=` or to ArmError, compared with an attribute `code`, or held by a name
    that ends with CODES.
    """
    return set(chain.from_iterable(map(_codes, ast.walk(ast.parse(source)))))


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.keyword(arg="code", value=value):
            yield from _texts(value)
        case ast.Call(func=ast.Name(id="ArmError"), args=[first, *_]):
            yield from _texts(first)
        case ast.Compare(left=ast.Attribute(attr="code"), comparators=[other]):
            yield from _texts(other)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.endswith("CODES"):
            yield from _texts(value)
        case _:
            pass


def _texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value:
            yield inner.value


def answered() -> set[str]:
    """Codes in the first column of the guide's table."""
    rows = re.findall(
        r"^\| (`.*?) \| ", GUIDE.partition(TABLE)[2].partition("\n## ")[0], re.MULTILINE
    )
    return set(re.findall(r"`([^`]+)`", " ".join(rows)))


def test_every_code_that_the_code_base_names_has_an_answer() -> None:
    named = {code for file in SOURCES if file.exists() for code in codes(file.read_text())}
    assert "TasksOperationsNotAllowed" in named
    assert named - answered() == set()


@pytest.mark.parametrize(
    "code",
    [
        "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
        "CanNotCreateMultipleFreeAccounts",
        "Conflict",
        "ContainerAppLockConflict",
        "ContainerAppOperationInProgress",
        "Current Limit (Basic VMs): 0",
        "InternalServerError",
        "LocationIsOfferRestricted",
        "MaxNumberOfGlobalEnvironmentsInSubExceeded",
        "MaxNumberOfRegionalEnvironmentsInSubExceeded",
        "MissingSubscriptionRegistration",
        "RBACAccessDenied",
        "ScheduledForDelete",
        "ServerIsBusy",
        "ServiceUnavailable",
        "TooManyRequests",
        "UnauthorizedImagePull",
        "toomanyrequests",
    ],
)
def test_what_azure_alone_names_has_an_answer_too(code: str) -> None:
    assert code in answered()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('ArmError("NotSignedIn", message)', {"NotSignedIn"}),
        ('Day(code="ServerIsBusy", message="x")', {"ServerIsBusy"}),
        ('error.code == "Conflict"', {"Conflict"}),
        ('error.code in {"Conflict", "ServerBusy"}', {"Conflict", "ServerBusy"}),
        ('_RETRIED_CODES = {"Conflict"}', {"Conflict"}),
        ('Day(code="")', set()),
    ],
)
def test_codes_are_read_from_code(line: str, named: set[str]) -> None:
    assert codes(line) == named
