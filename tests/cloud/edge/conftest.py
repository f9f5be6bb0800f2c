"""One pair of servers for each module, a new site for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cloud.edge.site import Clock, Servers, Site, Sites, running_servers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncGenerator[Servers]:
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sites(servers: Servers, tmp_path: Path) -> Sites:
    return Sites(servers, tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def site(sites: Sites) -> AsyncGenerator[Site]:
    async with sites.site() as running:
        yield running
