"""An HTTP client of the local Resource Manager, signed in as the deployer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from frugal.cloud.arm import ResourceManagerApi
from frugal.cloud.cloud import Cloud

BASE = "http://127.0.0.1:1"


@asynccontextmanager
async def arm_client(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the deployer's token."""
    cloud.http_port = 1
    token = cloud.identities.token(cloud.identities.deployer_header, resource=BASE, client_id=None)
    transport = httpx.ASGITransport(ResourceManagerApi(cloud, admin_token="admin").app)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    async with httpx.AsyncClient(base_url=BASE, transport=transport, headers=headers) as client:
        yield client
