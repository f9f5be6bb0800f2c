"""Purging deleted accounts, against a server that answers as Azure's does."""

import httpx
import pytest
from azure.core.credentials import AccessToken

from infra.arm import Arm, ArmError
from infra.components import account_purge
from infra.components.account_purge import AccountPurgeProvider

GROUP = "/subscriptions/s/resourceGroups/Site"
PROPS = {"group": GROUP, "resource_group_name": "Site", "location": "eastus"}
PROVIDER = "/subscriptions/s/providers/Microsoft.CognitiveServices"


def deleted(group: str, name: str) -> dict[str, str]:
    place = f"{PROVIDER}/locations/eastus/resourceGroups/{group}/deletedAccounts"
    return {"id": f"{place}/{name}", "name": name}


class Credential:
    def get_token(self, *_: str) -> AccessToken:
        return AccessToken("token", 0)


class Azure:
    def __init__(self, *, purging: int = 200) -> None:
        self.purged: list[str] = []
        self._purging = purging

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/metadata/endpoints":
            endpoint = {"loginEndpoint": "https://login.example"}
            cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
            return httpx.Response(200, json=cloud)
        if request.method == "GET":
            assert path == f"{PROVIDER}/deletedAccounts"
            listed = [deleted("site", "one"), deleted("SITE", "two"), deleted("site2", "other")]
            return httpx.Response(200, json={"value": listed})
        assert request.method == "DELETE"
        self.purged.append(path.rsplit("/", 1)[-1])
        return httpx.Response(self._purging)

    def arm(self) -> Arm:
        return Arm(credential=Credential(), transport=httpx.MockTransport(self))


@pytest.mark.parametrize("status", [200, 204, 404])
def test_what_was_deleted_from_the_group_is_purged_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    azure = Azure(purging=status)
    monkeypatch.setattr(account_purge, "Arm", azure.arm)
    AccountPurgeProvider().delete("id", {"group": GROUP})
    assert azure.purged == ["one", "two"]


def test_a_refused_purge_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_purge, "Arm", Azure(purging=403).arm)
    with pytest.raises(ArmError, match="Forbidden"):
        AccountPurgeProvider().delete("id", {"group": GROUP})


def test_it_does_nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    monkeypatch.setattr(account_purge, "Arm", azure.arm)
    assert AccountPurgeProvider().create(PROPS).outs == PROPS
    assert AccountPurgeProvider().diff("id", PROPS, dict(PROPS)).changes is False
    assert azure.purged == []


@pytest.mark.parametrize("key", ["group", "location"])
def test_in_another_place_it_is_another_and_goes_first(key: str) -> None:
    found = AccountPurgeProvider().diff("id", PROPS, PROPS | {key: "other"})
    assert found.replaces == [key]
    assert found.delete_before_replace
