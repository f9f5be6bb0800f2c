"""Purging deleted accounts, against a server that answers as Azure's does."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx
import pytest
from azure.core.credentials import AccessToken

from infra.arm import Arm, ArmError
from infra.components import account_purge
from infra.components.account_purge import AccountPurgeProvider, purge
from infra.components.wait import WaitError

GROUP = "/subscriptions/s/resourceGroups/Site"
PROPS: dict[str, Any] = {
    "group": GROUP,
    "resource_group_name": "Site",
    "location": "eastus",
    "listing": 60,
    "deadline": 900,
}
PROVIDER = "/subscriptions/s/providers/Microsoft.CognitiveServices"


def deleted(group: str, name: str, kind: str = "TextTranslation") -> dict[str, str]:
    place = f"{PROVIDER}/locations/eastus/resourceGroups/{group}/deletedAccounts"
    return {"id": f"{place}/{name}", "name": name, "kind": kind}


class Credential:
    def get_token(self, *_: str) -> AccessToken:
        return AccessToken("token", 0)


Listed = Callable[["Azure"], list[dict[str, str]]]


class Azure:
    """Lists what a function says, on the second page; its clock is moved by sleeping alone."""

    def __init__(self, listed: Listed | None = None, *, purging: int = 202) -> None:
        self.purged: list[str] = []
        self.seconds = 0.0
        self.looks: list[float] = []
        self._listed = listed or (lambda azure: [] if azure.purged else OURS)
        self._purging = purging

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/metadata/endpoints":
            endpoint = {"loginEndpoint": "https://login.example"}
            cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
            return httpx.Response(200, json=cloud)
        if request.method == "GET":
            assert path == f"{PROVIDER}/deletedAccounts"
            if "page" in request.url.params:
                return httpx.Response(200, json={"value": self._listed(self)})
            self.looks.append(self.seconds)
            following = f"https://management.azure.com{path}?page=2"
            return httpx.Response(200, json={"value": OTHERS, "nextLink": following})
        assert request.method == "DELETE"
        self.purged.append(path.rsplit("/", 1)[-1])
        return httpx.Response(self._purging)

    def arm(self, *, patience: float = 0) -> Arm:
        return Arm(
            patience=patience,
            credential=Credential(),
            transport=httpx.MockTransport(self),
            sleep=self.sleep,
        )

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def purge(self, *, listing: float = 60, deadline: float = 900) -> None:
        with (
            mock.patch("infra.polling.sleep", self.sleep),
            mock.patch("infra.polling.monotonic", self.clock),
        ):
            purge(self.arm(), group=GROUP, listing=listing, deadline=deadline)


OURS = [deleted("site", "one"), deleted("SITE", "two")]
OTHERS = [deleted("site2", "other"), deleted("site", "openai", kind="OpenAI")]


@pytest.mark.parametrize("status", [200, 202, 204, 404])
def test_the_translators_deleted_from_the_group_are_purged_and_nothing_else(status: int) -> None:
    azure = Azure(purging=status)
    azure.purge(listing=0)
    assert azure.purged == ["one", "two"]


def test_a_purge_that_has_ended_needs_no_more_looks() -> None:
    azure = Azure()
    azure.purge(listing=60)
    assert len(azure.looks) == 2
    assert azure.seconds < 1


def test_an_account_that_is_listed_late_is_purged_too() -> None:
    late = deleted("site", "late")
    azure = Azure(lambda azure: [late] if azure.seconds >= 50 and not azure.purged else [])
    azure.purge(listing=60)
    assert azure.purged == ["late"]


def test_a_purge_is_over_when_the_account_is_gone_from_the_list() -> None:
    azure = Azure(lambda azure: OURS if azure.seconds < 200 else [])
    azure.purge()
    assert azure.seconds >= 200
    assert azure.purged == ["one", "two"]  # once each


def test_without_an_account_the_list_is_looked_at_for_as_long_as_it_may_be_late() -> None:
    azure = Azure(lambda _: [])
    azure.purge(listing=60)
    assert 60 <= azure.seconds < 70
    assert azure.purged == []


def test_a_purge_is_not_waited_for_for_ever() -> None:
    with pytest.raises(WaitError, match=r"of Site is not purged after 300 .* lists one as deleted"):
        Azure(lambda _: OURS).purge(deadline=300)


def test_a_refused_purge_is_shown() -> None:
    with pytest.raises(ArmError, match="Forbidden"):
        Azure(purging=403).purge()


def test_the_provider_purges_at_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    monkeypatch.setattr(account_purge, "Arm", azure.arm)
    AccountPurgeProvider().delete("id", {**PROPS, "listing": 0})
    assert azure.purged == ["one", "two"]


def test_a_state_without_the_seconds_is_purged_by_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(account_purge, "Arm", Azure().arm)
    monkeypatch.setattr(account_purge, "purge", lambda _arm, **props: given.append(props))
    old = {"group": GROUP, "resource_group_name": "Site", "location": "eastus"}
    AccountPurgeProvider().delete("id", old)
    assert given == [{"group": GROUP, "listing": 60, "deadline": 900}]
    assert AccountPurgeProvider().diff("id", old, PROPS).changes is False


def test_it_does_nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    monkeypatch.setattr(account_purge, "Arm", azure.arm)
    assert AccountPurgeProvider().create(PROPS).outs == PROPS
    assert AccountPurgeProvider().diff("id", PROPS, dict(PROPS)).changes is False
    other_waits = {**PROPS, "listing": 0, "deadline": 5}
    assert AccountPurgeProvider().diff("id", PROPS, other_waits).changes is False
    assert azure.purged == []


@pytest.mark.parametrize("key", ["group", "location"])
def test_in_another_place_it_is_another_and_goes_first(key: str) -> None:
    found = AccountPurgeProvider().diff("id", PROPS, PROPS | {key: "other"})
    assert found.replaces == [key]
    assert found.delete_before_replace
