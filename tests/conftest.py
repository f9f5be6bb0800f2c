"""What all tests share."""

from collections.abc import Iterator

import pytest

# Before anything imports gRPC: it reads once how it is to treat a fork.
import frugal.cloud  # noqa: F401
from tests.environment import Environment, brought_up


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The whole system, brought up once. A test leaves it up and healthy, its checkout as it was.

    Its addresses may change, so they are not kept from one module to another.
    """
    with brought_up(tmp_path_factory.mktemp("whole") / "clone") as environment:
        yield environment
