"""What all tests share."""

from collections.abc import Iterator

import pytest

# Before anything imports gRPC: it reads once how it is to treat a fork.
import frugal.cloud  # noqa: F401
from tests.environment import Environment, brought_up

COSTLY = ("environment", "prepared")
"""Fixtures that take a while to make and are shared by many tests."""


@pytest.hookimpl(tryfirst=True)  # the plugin that spreads tests reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something costly, and begin with it."""

    def group(item: pytest.Item) -> str:
        fixtures = getattr(item, "fixturenames", ())
        return next((name for name in COSTLY if name in fixtures), item.path.name)

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: group(item) not in COSTLY)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The whole system, brought up once. A test leaves it as it found it: up, unchanged, healthy.

    Only its addresses may change, so they are not kept from one module to another.
    """
    with brought_up(tmp_path_factory.mktemp("whole") / "clone") as environment:
        yield environment
