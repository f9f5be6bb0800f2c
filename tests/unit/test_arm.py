"""The client of Resource Manager: where it calls, when it tries again, what it says."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from infra.arm import Arm, ArmError

METADATA = {
    "name": "AzureCloud",
    "resourceManager": "https://management.azure.com/",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com"},
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


Connect = Callable[[Server], Arm]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    opened: list[Arm] = []

    def start(server: Server) -> Arm:
        arm = Arm(
            credential=Credential(),
            transport=httpx.MockTransport(server),
            sleep=server.waits.append,
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
        (None, "https://management.azure.com/metadata/endpoints"),
        ("management.usgovcloudapi.net", "https://management.usgovcloudapi.net/metadata/endpoints"),
        ("127.0.0.1:4567", "http://127.0.0.1:4567/metadata/endpoints"),
        ("localhost:4567", "http://localhost:4567/metadata/endpoints"),
    ],
)
def test_the_metadata_host_says_where(
    monkeypatch: pytest.MonkeyPatch, host: str | None, called: str
) -> None:
    asked: list[str] = []
    credential = Credential()

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.copy_with(query=None)))
        clouds = [
            METADATA,
            {**METADATA, "resourceManager": called.split("/metadata", maxsplit=1)[0]},
        ]
        return httpx.Response(200, json=clouds if "metadata" in request.url.path else {})

    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    if host:
        monkeypatch.setenv("ARM_METADATA_HOSTNAME", host)
    with Arm(credential=credential, transport=httpx.MockTransport(server)) as arm:
        arm.get("/x", api_version="1")
    base = called.split("/metadata", maxsplit=1)[0]
    assert asked == [called, f"{base}/x"]
    assert credential.scopes == (f"{base}/.default",)


def test_a_busy_server_is_asked_again_when_it_says(connect: Connect) -> None:
    server = Server(
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.ConnectError("refused"),
        httpx.Response(429, headers={"Retry-After": "9999"}),
        httpx.Response(200, json={"ok": True}),
    )
    assert connect(server).get("/x", api_version="1") == {"ok": True}
    assert server.waits == [7, 4, 8, 60]


def test_it_is_not_asked_for_ever(connect: Connect) -> None:
    server = Server(httpx.Response(503, json={"error": {"code": "Busy", "message": "Later."}}))
    with pytest.raises(ArmError, match=r"^Busy: Later\.$") as error:
        connect(server).get("/x", api_version="1")
    assert (len(server.requests), error.value.status) == (5, 503)


def test_no_answer_names_the_host(connect: Connect) -> None:
    server = Server(httpx.ConnectError("refused"))
    with pytest.raises(ArmError, match=r"NoAnswer: no answer from management\.azure\.com"):
        connect(server).get("/x", api_version="1")


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


def test_who_is_not_signed_in_is_told_how() -> None:
    class Nobody:
        def get_token(self, *_: str) -> AccessToken:
            raise ClientAuthenticationError("no credential\nlong list")

    transport = httpx.MockTransport(Server(httpx.Response(200, json={})))
    arm = Arm(credential=Nobody(), transport=transport)
    with arm, pytest.raises(ArmError, match="az login") as error:
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
