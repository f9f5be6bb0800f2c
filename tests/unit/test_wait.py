"""Waits for what Azure has accepted and not finished, against a server that answers as Azure's do.

Time is a clock that only sleeping moves.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import httpx
import pytest
from azure.core.credentials import AccessToken

from infra.arm import Arm, ArmError
from infra.components import wait as wait_module
from infra.components.identity import RoleReadyProvider
from infra.components.wait import WaitError, WaitProvider, until, wait

SERVER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/db"
ADMINISTRATOR = f"{SERVER}/administrators/0B1E"
ROLE = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/r"
ENTRA = {"principalName": "migration", "principalType": "ServicePrincipal", "tenantId": "t"}
START = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Credential:
    def get_token(self, *_: str) -> AccessToken:
        return AccessToken("token", 0)


class Time:
    """Seconds since START."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.sleeps.append(seconds)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    @contextmanager
    def passing(self) -> Iterator[None]:
        with (
            mock.patch("infra.polling.sleep", self.sleep),
            mock.patch("infra.polling.monotonic", self.clock),
            mock.patch("infra.components.wait._now", self.now),
        ):
            yield


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "Later."}})


class Azure:
    """A path's answers as a function of the seconds, and the requests made."""

    def __init__(self, **answers: Callable[[float], httpx.Response]) -> None:
        self.time = Time()
        self.asked: list[str] = []
        self.put: list[tuple[float, Any]] = []
        self.versions: set[str] = set()
        self.patience: float | None = None
        self._answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/metadata/endpoints":
            endpoint = {"loginEndpoint": "https://login.example"}
            cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
            return httpx.Response(200, json=cloud)
        self.versions.add(request.url.params["api-version"])
        if request.method == "PUT":
            assert path == ADMINISTRATOR
            self.put.append((self.time.seconds, json.loads(request.content)))
            return self._answers.get("put", lambda _: httpx.Response(202))(self.time.seconds)
        self.asked.append(path)
        kind = {SERVER: "server", f"{SERVER}/administrators": "administrators", ROLE: "role"}[path]
        return self._answers[kind](self.time.seconds)

    def arm(self, *, patience: float = 0) -> Arm:
        self.patience = patience
        return Arm(
            patience=patience,
            credential=Credential(),
            transport=httpx.MockTransport(self),
            sleep=self.time.sleep,
        )

    def wait(self, kind: str, subject: str, *, settle: float = 0, deadline: float = 900) -> None:
        with self.arm() as arm, self.time.passing():
            wait(
                arm,
                {
                    "kind": kind,
                    "subject": subject,
                    "settle": settle,
                    "deadline": deadline,
                    "body": {"properties": ENTRA},
                },
            )


def state(name: str) -> httpx.Response:
    return httpx.Response(200, json={"properties": {"state": name}})


def ready(_: float) -> httpx.Response:
    return state("Ready")


def test_a_server_that_is_ready_needs_one_look() -> None:
    azure = Azure(server=ready)
    azure.wait("server", SERVER)
    assert azure.asked == [SERVER]
    assert azure.versions == {"2025-08-01"}
    assert azure.time.sleeps == []


def test_a_server_must_be_ready_on_every_look_of_the_settling_time() -> None:
    def answer(seconds: float) -> httpx.Response:
        return state("Updating" if seconds < 5 or 30 <= seconds < 50 else "Ready")

    azure = Azure(server=answer)
    azure.wait("server", SERVER, settle=60)
    # From the first Ready look after the last other one, and not from the first of all.
    assert 50 + 60 <= azure.time.seconds <= 50 + 60 + 10
    assert azure.time.sleeps[:4] == [0.5, 1, 2, 4]
    assert max(azure.time.sleeps) == 10


@pytest.mark.parametrize(
    "refusal",
    [refused(404, "ResourceNotFound"), refused(409, "ServerIsBusy"), refused(503, "Unavailable")],
    ids=lambda one: str(one.status_code),
)
def test_a_passing_refusal_is_looked_past(refusal: httpx.Response) -> None:
    azure = Azure(server=lambda seconds: refusal if seconds < 100 else state("Ready"))
    azure.wait("server", SERVER)
    assert azure.time.seconds >= 100


def test_another_refusal_ends_the_wait() -> None:
    azure = Azure(server=lambda _: refused(403, "AuthorizationFailed"))
    with pytest.raises(ArmError, match=r"^AuthorizationFailed: Later\.$"):
        azure.wait("server", SERVER)
    assert azure.asked == [SERVER]


def test_who_is_not_signed_in_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.polling.sleep", lambda _: pytest.fail("it slept"))

    def look() -> None:
        raise ArmError("NotSignedIn", "no access to Azure")

    with pytest.raises(ArmError, match="NotSignedIn"):
        until(look, "nothing", deadline=60)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (state("Updating"), "state Updating"),
        (refused(409, "ServerIsBusy"), r"ServerIsBusy: Later\."),
    ],
    ids=["state", "code"],
)
def test_a_server_is_not_waited_for_for_ever(answer: httpx.Response, said: str) -> None:
    azure = Azure(server=lambda _: answer)
    with pytest.raises(WaitError) as error:
        azure.wait("server", SERVER, settle=60, deadline=300)
    assert str(error.value).startswith(
        f"the PostgreSQL server db is not ready after 300 seconds; Azure's last answer: "
        f"{said.replace(chr(92), '')}"
    )
    assert "run the same command again" in str(error.value)
    assert "pulumi config set --path waits.deadline 600" in str(error.value)
    assert 300 <= azure.time.seconds < 400


def test_a_server_that_is_never_ready_for_long_is_not_waited_for_for_ever() -> None:
    looks: list[float] = []

    def answer(seconds: float) -> httpx.Response:
        looks.append(seconds)
        return state("Ready" if len(looks) % 2 else "Updating")

    azure = Azure(server=answer)
    with pytest.raises(WaitError, match="not ready after 300 seconds"):
        azure.wait("server", SERVER, settle=60, deadline=300)


def test_a_server_that_is_ready_just_before_the_deadline_may_settle() -> None:
    azure = Azure(server=lambda seconds: state("Updating" if seconds < 290 else "Ready"))
    azure.wait("server", SERVER, settle=60, deadline=300)
    assert 350 <= azure.time.seconds < 370


def administrators(*ids: str, next_link: str | None = None) -> httpx.Response:
    listed = [{"id": "x", "name": one, "properties": {"objectId": one}} for one in ids]
    more = {"nextLink": next_link} if next_link else {}
    return httpx.Response(200, json={"value": listed, **more})


def test_an_administrator_that_is_listed_is_not_put_again() -> None:
    azure = Azure(server=ready, administrators=lambda _: administrators("other", "0b1e"))
    azure.wait("administrator", ADMINISTRATOR)
    # Never the administrator itself: a GET may answer 404 for one that is there.
    assert azure.asked == [f"{SERVER}/administrators", SERVER]
    assert azure.versions == {"2025-08-01"}
    assert azure.put == []


def test_an_administrator_is_looked_for_on_all_pages() -> None:
    link = f"https://management.azure.com{SERVER}/administrators?api-version=2025-08-01&page=2"
    pages = [administrators("other", next_link=link), administrators("0b1e")]
    azure = Azure(server=ready, administrators=lambda _: pages.pop(0))
    azure.wait("administrator", ADMINISTRATOR)
    assert pages == azure.put == []


def test_an_administrator_late_in_the_list_is_looked_for() -> None:
    azure = Azure(
        server=ready,
        administrators=lambda seconds: administrators(*(["0b1e"] if seconds >= 3 else [])),
    )
    azure.wait("administrator", ADMINISTRATOR)
    assert azure.time.seconds == 3.5
    assert azure.put == []


def test_an_administrator_that_azure_lost_is_put_again() -> None:
    azure = Azure(server=ready)

    def listed(_: float) -> httpx.Response:
        return administrators(*(["0b1e"] if len(azure.put) == 2 else []))

    azure._answers["administrators"] = listed
    azure.wait("administrator", ADMINISTRATOR)
    first, second = azure.put
    assert first == (3.5, {"properties": ENTRA})
    assert second[0] - first[0] > 20  # the one before it needs its time


def test_the_next_child_comes_when_the_server_is_ready_again() -> None:
    azure = Azure(
        server=lambda seconds: state("Updating" if seconds < 20 else "Ready"),
        administrators=lambda _: administrators("0b1e"),
    )
    azure.wait("administrator", ADMINISTRATOR)
    assert azure.time.seconds >= 20


def test_an_administrator_that_is_refused_for_a_while_is_put_again() -> None:
    code = "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"
    azure = Azure(
        server=ready,
        put=lambda seconds: refused(409, code) if seconds < 200 else httpx.Response(202),
    )

    def listed(_: float) -> httpx.Response:
        there = any(seconds >= 200 for seconds, _ in azure.put)
        return administrators(*(["0b1e"] if there else []))

    azure._answers["administrators"] = listed
    azure.wait("administrator", ADMINISTRATOR)
    assert len(azure.put) > 2


def test_an_administrator_is_not_waited_for_for_ever() -> None:
    azure = Azure(server=ready, administrators=lambda _: administrators("other"))
    with pytest.raises(WaitError, match=r"not list its administrator 0B1E after 60 seconds"):
        azure.wait("administrator", ADMINISTRATOR, deadline=60)
    assert azure.put


def role(created: datetime) -> httpx.Response:
    # Seven digits, as .NET writes them.
    text = created.strftime("%Y-%m-%dT%H:%M:%S.1234567Z")
    return httpx.Response(200, json={"id": ROLE, "properties": {"createdOn": text}})


def test_a_new_role_is_waited_for_until_it_is_old_enough() -> None:
    azure = Azure(role=lambda _: role(START - timedelta(seconds=50)))
    azure.wait("role", ROLE, settle=150)
    assert azure.asked == [ROLE]  # by its id: the list by principal needs the directory
    assert azure.versions == {"2022-04-01"}
    assert azure.time.seconds == pytest.approx(100, abs=1)


def test_where_a_build_took_longer_there_is_no_wait() -> None:
    azure = Azure(role=lambda _: role(START - timedelta(seconds=151)))
    azure.wait("role", ROLE, settle=150)
    assert azure.time.seconds == 0


def test_a_clock_that_is_behind_does_not_make_the_wait_longer() -> None:
    azure = Azure(role=lambda _: role(START + timedelta(hours=1)))
    azure.wait("role", ROLE, settle=150)
    assert azure.time.seconds == 150


def test_a_role_that_is_not_there_yet_is_looked_for() -> None:
    missing = refused(404, "RoleAssignmentNotFound")
    azure = Azure(role=lambda seconds: missing if seconds < 9 else role(START))
    azure.wait("role", ROLE)
    assert 9 <= azure.time.seconds < 20


def test_a_role_is_not_waited_for_for_ever() -> None:
    azure = Azure(role=lambda _: refused(404, "RoleAssignmentNotFound"))
    with pytest.raises(
        WaitError, match=r"not know the role assignment r .* RoleAssignmentNotFound: Later\."
    ):
        azure.wait("role", ROLE, deadline=60)


PROPS: dict[str, Any] = {
    "kind": "administrator",
    "subject": ADMINISTRATOR,
    "settle": 60,
    "deadline": 900,
    "body": {"properties": ENTRA},
}


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({}, []),
        ({"settle": 0, "deadline": 5}, []),
        ({"subject": f"{SERVER}/administrators/other"}, ["subject"]),
        ({"body": {"properties": {**ENTRA, "principalName": "other"}}}, ["body"]),
    ],
)
def test_only_another_subject_is_another_wait(change: dict[str, Any], replaced: list[str]) -> None:
    found = WaitProvider().diff("id", PROPS, {**PROPS, **change})
    assert (found.changes, found.replaces) == (bool(replaced), replaced)


def test_the_provider_waits_at_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure(server=ready)
    monkeypatch.setattr(wait_module, "Arm", partial(azure.arm, patience=900))
    props = {**PROPS, "kind": "server", "subject": SERVER, "settle": 0, "body": None}
    made = WaitProvider().create(props)
    assert (made.id, made.outs) == (f"{SERVER}/server", props)
    assert azure.asked == [SERVER]
    assert azure.patience == 0  # the client repeats nothing beyond the wait's own deadline


def test_a_wait_of_an_older_state_is_read_and_deleted_without_a_call() -> None:
    props = {"scope": "/scope", "principal": "p", "assignment": ROLE}
    old = RoleReadyProvider()
    assert old.read(ROLE, props).id == ROLE
    assert old.read(ROLE, props).outs == props
    old.delete(ROLE, props)
