"""The client of Resource Manager: its addresses, its repeated requests, its errors."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from frugal.local.engine import FOREIGN
from infra import waits
from infra.arm import Arm, ArmError

METADATA = {
    "name": "AzureCloud",
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com",
        "audiences": ["https://management.azure.com"],
    },
}


class Credential:
    scopes: tuple[str, ...] = ()

    def get_token(self, *scopes: str) -> AccessToken:
        self.scopes = scopes
        return AccessToken("a-token", 0)


class Server:
    """Answers from a list, in order; the last one stays."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metadata/endpoints":
            return httpx.Response(200, json=METADATA)
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


Connect = Callable[..., Arm]


@pytest.fixture(autouse=True)
def no_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[Arm] = []

    def start(server: Server, **options: Any) -> Arm:
        arm = Arm(
            credential=Credential(),
            transport=httpx.MockTransport(server),
            sleep=server.waits.append,
            **options,
        )
        opened.append(arm)
        return arm.__enter__()

    yield start
    for arm in opened:
        arm.__exit__()


def test_a_call(connect: Connect) -> None:
    server = Server(httpx.Response(200, json={"value": []}))
    answer = connect(server).get("/scope/things", api_version="2022-04-01", **{"$filter": "a b"})
    (request,) = server.requests
    assert answer == {"value": []}
    assert request.method == "GET"
    assert str(request.url.copy_with(query=None)) == "https://management.azure.com/scope/things"
    assert dict(request.url.params) == {"api-version": "2022-04-01", "$filter": "a b"}
    assert request.headers["Authorization"] == "Bearer a-token"


def test_an_action_without_an_answer(connect: Connect) -> None:
    server = Server(httpx.Response(202))
    assert connect(server).post("/x/purge", api_version="1", body={"contentPaths": ["/*"]}) == {}
    (request,) = server.requests
    assert json.loads(request.content) == {"contentPaths": ["/*"]}


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("management.usgovcloudapi.net", "https://management.usgovcloudapi.net/metadata/endpoints"),
        ("https://stack.example", "https://stack.example/metadata/endpoints"),
        ("127.0.0.1:4567", "http://127.0.0.1:4567/metadata/endpoints"),
        ("localhost:4567", "http://localhost:4567/metadata/endpoints"),
    ],
)
def test_the_metadata_host_describes_the_cloud(
    monkeypatch: pytest.MonkeyPatch, host: str, called: str
) -> None:
    asked: list[str] = []
    credential = Credential()
    base = called.removesuffix("/metadata/endpoints")

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.copy_with(query=None)))
        cloud = {
            "resourceManager": base,
            "authentication": {"loginEndpoint": base, "audiences": [f"{base}/audience"]},
        }
        return httpx.Response(200, json=[METADATA, cloud] if "metadata" in asked[-1] else {})

    monkeypatch.setenv("ARM_METADATA_HOSTNAME", host)
    with Arm(credential=credential, transport=httpx.MockTransport(server)) as arm:
        arm.get("/x", api_version="1")
    assert asked == [called, f"{base}/x"]
    assert credential.scopes == (f"{base}/audience/.default",)


def test_without_a_metadata_host_it_is_the_public_cloud(connect: Connect) -> None:
    server = Server(httpx.Response(200, json={}))
    connect(server).get("/x", api_version="1")
    assert [request.url.host for request in server.requests] == ["management.azure.com"]


def test_a_busy_server_is_asked_again_when_it_says(connect: Connect) -> None:
    server = Server(
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.ConnectError("refused"),
        httpx.Response(429, headers={"Retry-After": "300"}),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(200, json={"ok": True}),
    )
    assert connect(server).get("/x", api_version="1") == {"ok": True}
    assert server.waits == [7, 4, 8, 300, 1]


@pytest.mark.parametrize(
    "code",
    [
        "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
        "Conflict",
        "ContainerAppLockConflict",
        "ContainerAppOperationInProgress",
        "ServerBusy",
        "ServerIsBusy",
    ],
)
def test_an_operation_under_way_is_waited_for(connect: Connect, code: str) -> None:
    busy = httpx.Response(409, json={"error": {"code": code, "message": "In progress."}})
    server = Server(busy, busy, httpx.Response(200, json={"ok": True}))
    assert connect(server).post("/x", api_version="1") == {"ok": True}
    assert server.waits == [2, 4]


def test_another_conflict_is_an_error(connect: Connect) -> None:
    server = Server(
        httpx.Response(409, json={"error": {"code": "FlagMustBeSetForRestore", "message": "No."}})
    )
    with pytest.raises(ArmError, match=r"^FlagMustBeSetForRestore: No\.$"):
        connect(server).post("/x", api_version="1")
    assert server.waits == []


@pytest.mark.parametrize(
    ("status", "code"), [(503, "Busy"), (429, "TooManyRequests"), (409, "ServerIsBusy")]
)
def test_patience_ends_with_azures_own_words(connect: Connect, status: int, code: str) -> None:
    server = Server(httpx.Response(status, json={"error": {"code": code, "message": "Later."}}))
    with pytest.raises(ArmError, match=rf"^{code}: Later\.$") as error:
        connect(server).get("/x", api_version="1")
    assert (error.value.code, error.value.status) == (code, status)
    assert server.waits[:6] == [2, 4, 8, 16, 32, 60]
    assert 900 - 60 < sum(server.waits) <= 900


def test_no_longer_than_the_patience_given(connect: Connect) -> None:
    server = Server(httpx.Response(503))
    for patience, waited in ((0, []), (7, [2, 4])):
        server.waits.clear()
        with pytest.raises(ArmError, match="ServiceUnavailable"):
            connect(server, patience=patience).get("/x", api_version="1")
        assert server.waits == waited


@pytest.mark.parametrize(
    ("setting", "waited"),
    [(None, 900), ('{"server": 0}', 900), ('{"deadline": 7}', 6), ('{"deadline": "7"}', 6)],
)
def test_the_patience_is_the_environments_deadline(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, setting: str | None, waited: float
) -> None:
    monkeypatch.setattr(waits, "_current", waits.DEFAULTS)
    waits.configure(setting)
    server = Server(httpx.Response(503))
    with pytest.raises(ArmError, match="ServiceUnavailable"):
        connect(server).get("/x", api_version="1")
    assert waited - 60 < sum(server.waits) <= waited


def test_a_wait_beyond_the_patience_is_not_begun(connect: Connect) -> None:
    refusal = {"error": {"code": "TooManyRequests", "message": "In an hour."}}
    server = Server(httpx.Response(429, headers={"Retry-After": "3600"}, json=refusal))
    with pytest.raises(ArmError, match="In an hour"):
        connect(server).get("/x", api_version="1")
    assert server.waits == []


def test_no_answer_names_the_host(connect: Connect) -> None:
    server = Server(httpx.ConnectError("refused"))
    with pytest.raises(ArmError, match=r"NoAnswer: no answer from management\.azure\.com"):
        connect(server).get("/x", api_version="1")
    assert sum(server.waits) <= 60


def test_a_refusal_is_azures_own_words_and_not_tried_again(connect: Connect) -> None:
    body = {"error": {"code": "AuthorizationFailed", "message": "The client may not."}}
    server = Server(httpx.Response(403, json=body))
    with pytest.raises(ArmError, match=r"^AuthorizationFailed: The client may not\.$") as error:
        connect(server).post("/x", api_version="1")
    assert (error.value.code, error.value.status) == ("AuthorizationFailed", 403)
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error": "x"}', b"[]"])
def test_a_refusal_in_other_words(connect: Connect, content: bytes) -> None:
    server = Server(httpx.Response(404, content=content))
    with pytest.raises(ArmError, match=r"^NotFound: GET /x$"):
        connect(server).get("/x", api_version="1")


def test_blobs_carry_their_own_permission(connect: Connect) -> None:
    server = Server(httpx.Response(201), httpx.Response(200, text="log"))
    arm = connect(server)
    arm.upload("https://blob.example/a?sig=s", b"content")
    assert arm.download("https://blob.example/log?sig=s") == "log"
    put, get = server.requests
    assert (put.method, put.content, put.headers["x-ms-blob-type"]) == (
        "PUT",
        b"content",
        "BlockBlob",
    )
    assert "Authorization" not in put.headers
    assert "Authorization" not in get.headers


def test_a_permission_is_not_repeated_in_an_error(connect: Connect) -> None:
    for answer in (httpx.Response(403), httpx.ConnectError("refused")):
        with pytest.raises(ArmError) as error:
            connect(Server(answer)).upload("https://blob.example/a?sig=canary-7f3a", b"")
        assert "canary-7f3a" not in str(error.value)


def test_a_refused_credential_is_one_line() -> None:
    class Nobody:
        def get_token(self, *_: str) -> AccessToken:
            raise ClientAuthenticationError("no credential\nlong list")

    transport = httpx.MockTransport(Server(httpx.Response(200, json={})))
    arm = Arm(credential=Nobody(), transport=transport)
    with arm, pytest.raises(ArmError, match=r"^NotSignedIn: .*no credential") as error:
        arm.get("/x", api_version="1")
    assert "long list" not in str(error.value)


def page(*names: str, next_link: str | None = None) -> httpx.Response:
    """A page as ARM's guidelines have it: `value`, and `nextLink` where there is another."""
    more = {"nextLink": next_link} if next_link else {}
    return httpx.Response(200, json={"value": [{"name": name} for name in names], **more})


def test_all_pages_of_a_collection_are_read(connect: Connect) -> None:
    # A default port in the link, as some providers have it, is the same host.
    link = "https://management.azure.com:443/scope/things?api-version=2022-04-01&$skiptoken=a+b%2Fc"
    server = Server(page("a", "b", next_link=link), page(next_link=link), page("c"))
    found = connect(server).list("/scope/things", api_version="2022-04-01", **{"$filter": "x"})
    assert [entry["name"] for entry in found] == ["a", "b", "c"]
    first, second, _third = server.requests
    assert dict(first.url.params) == {"api-version": "2022-04-01", "$filter": "x"}
    assert second.url.query == b"api-version=2022-04-01&$skiptoken=a+b%2Fc"
    assert second.headers["Authorization"] == "Bearer a-token"


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/scope/things?page=2",
        "http://management.azure.com/scope/things?page=2",
        "https://management.azure.com:8443/scope/things?page=2",
    ],
)
def test_a_page_on_another_host_is_refused(connect: Connect, link: str) -> None:
    server = Server(page("a", next_link=link), page("b"))
    with pytest.raises(ArmError, match="UnusableAnswer: the next page"):
        connect(server).list("/scope/things", api_version="1")
    assert len(server.requests) == 1


def test_pages_without_end_are_an_error(connect: Connect) -> None:
    server = Server(page("a", next_link="https://management.azure.com/scope/things?page=2"))
    with pytest.raises(ArmError, match="more than 100 pages"):
        connect(server).list("/scope/things", api_version="1")
