"""Fixtures of all tests."""

import gc
from collections.abc import Iterator

import pytest

# Before anything imports gRPC: it reads once how it is to treat a fork.
import frugal.cloud  # noqa: F401
from tests.environment import Environment, set_up


def pytest_collection_finish() -> None:
    """Look for garbage less often: the SDK's thousands of classes are none, and stay.

    Looking through them again and again would take a third of the time of the unit tests.
    """
    gc.freeze()
    gc.set_threshold(500_000)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The whole system, brought up once. A test leaves it up and healthy, its checkout as it was.

    Its addresses may change, so they are not kept from one module to another.
    """
    with set_up(tmp_path_factory.mktemp("whole") / "clone") as environment:
        environment.up()
        yield environment
