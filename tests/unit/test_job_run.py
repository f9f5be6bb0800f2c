"""Running a job and purging the edge, against a server that answers as Azure's do."""

import json
from typing import Any
from unittest import mock

import httpx
import pytest
from azure.core.credentials import AccessToken

from infra.arm import Arm, ArmError
from infra.components import edge_purge, job_run
from infra.components.edge_purge import EdgePurgeProvider
from infra.components.job_run import JobError, JobRunProvider, run

JOB = "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/jobs/migrate"
ENDPOINT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p/afdEndpoints/e"
FAILED = {
    "replicas": [
        {
            "name": "migrate-1a2b",
            "containers": [
                {"name": "m", "code": 1, "status": "Failed", "additionalInformation": "no table"}
            ],
        }
    ]
}


class Credential:
    def get_token(self, *_: str) -> AccessToken:
        return AccessToken("token", 0)


class Azure:
    """A job whose executions end at the third look, and an endpoint that is purged.

    `first`: how the first execution ends, where it ends otherwise than the next.
    """

    def __init__(
        self, *, ends: str = "Succeeded", detail: Any = None, first: str | None = None
    ) -> None:
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.versions: set[str] = set()
        self.looks = 0
        self._ends, self._detail, self._first = ends, detail, first or ends

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/metadata/endpoints":
            endpoint = {"loginEndpoint": "https://login.example"}
            cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
            return httpx.Response(200, json=cloud)
        self.calls.append(f"{request.method} {path.removeprefix(JOB).removeprefix(ENDPOINT)}")
        self.versions.add(request.url.params["api-version"])
        self.bodies.append(json.loads(request.content) if request.content else None)
        match request.method, path:
            case "POST", _ if path == f"{JOB}/start":
                self.looks = 0
                name = ("migrate-1a2b", "migrate-3c4d")[self.calls.count("POST /start") - 1]
                return httpx.Response(202, json={"name": name, "id": "x"})
            case "GET", _ if path.startswith(f"{JOB}/executions/migrate-"):
                self.looks += 1
                ends = self._first if path.endswith("1a2b") else self._ends
                status = ("Unknown", "Running", ends)[min(self.looks, 3) - 1]
                properties = {"status": status, "detailedStatus": self._detail}
                return httpx.Response(200, json={"properties": properties})
            case "POST", _ if path == f"{ENDPOINT}/purge":
                return httpx.Response(202)
            case "GET", _ if path == JOB:
                error = {"code": "ResourceNotFound", "message": "No."}
                return httpx.Response(404, json={"error": error})
            case _:
                raise AssertionError(f"unexpected: {request.method} {request.url}")

    def arm(self) -> Arm:
        return Arm(
            credential=Credential(), transport=httpx.MockTransport(self), sleep=lambda _: None
        )


def ran(azure: Azure, limit: float = 60) -> tuple[str, list[float]]:
    waits: list[float] = []
    with mock.patch("infra.polling.sleep", waits.append):
        name = run(azure.arm(), job=JOB, limit=limit, workspace="workspace")
    return name, waits


def test_a_job_is_started_and_looked_at_until_it_has_succeeded() -> None:
    azure = Azure()
    assert ran(azure) == ("migrate-1a2b", [0.5, 0.55])
    assert azure.calls == ["POST /start"] + 3 * ["GET /executions/migrate-1a2b"]
    assert azure.versions == {"2025-02-02-preview"}


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Degraded"])
def test_a_job_that_fails_says_how_and_where_its_log_is(status: str) -> None:
    with pytest.raises(JobError) as error:
        ran(Azure(ends=status, detail=FAILED))
    text = str(error.value)
    assert f"the job migrate is {status} (execution migrate-1a2b)" in text
    assert "Failed, exit code 1: no table" in text
    assert "az monitor log-analytics query --workspace workspace" in text
    assert 'where ContainerGroupName startswith "migrate-1a2b"' in text


def no_container_ran(code: object = None) -> Any:
    """An execution whose image could not be pulled: the container has no exit code."""
    container = {"name": "m", "code": code, "status": "Waiting"}
    container["additionalInformation"] = "ImagePullBackOff"
    return {"replicas": [{"name": "migrate-1a2b", "containers": [container]}]}


@pytest.mark.parametrize(
    "detail", [None, {}, {"replicas": []}, no_container_ran()], ids=["none", "empty", "no", "pull"]
)
def test_a_job_whose_container_never_ran_is_started_once_more(
    detail: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    azure = Azure(first="Failed", ends="Succeeded", detail=detail)
    assert ran(azure)[0] == "migrate-3c4d"
    assert azure.calls.count("POST /start") == 2
    assert "migrate: no container ran; starting it once more" in capsys.readouterr().err


def test_it_is_started_no_more_than_twice() -> None:
    azure = Azure(ends="Failed", detail=no_container_ran())
    with pytest.raises(JobError, match=r"Failed \(execution migrate-3c4d\)") as error:
        ran(azure)
    assert azure.calls.count("POST /start") == 2
    assert "Waiting, exit code None: ImagePullBackOff" in str(error.value)


@pytest.mark.parametrize(
    ("ends", "detail"),
    [("Failed", FAILED), ("Failed", no_container_ran(0)), ("Stopped", None), ("Degraded", None)],
)
def test_a_job_that_ran_or_was_stopped_is_not_started_again(ends: str, detail: Any) -> None:
    azure = Azure(ends=ends, detail=detail)
    with pytest.raises(JobError):
        ran(azure)
    assert azure.calls.count("POST /start") == 1


def test_a_job_is_not_waited_for_for_ever() -> None:
    with pytest.raises(JobError, match="still Unknown after 0 seconds"):
        ran(Azure(ends="Running"), limit=0)


PROPS: dict[str, Any] = {
    "job": JOB,
    "image": "r/site@sha256:1",
    "command": ["migrate"],
    "environment": {"PGHOST": "db"},
    "limit": 60,
    "workspace": "workspace",
}


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        ({}, False),
        ({"workspace": "other"}, False),
        ({"limit": 90}, False),
        ({"image": "r/site@sha256:2"}, True),
        ({"environment": {"PGHOST": "db", "APP_ROLE": "app"}}, True),
        ({"command": ["other"]}, True),
        ({"job": f"{JOB}2"}, True),
    ],
)
def test_only_what_the_job_runs_calls_for_a_run(change: dict[str, Any], *, runs: bool) -> None:
    before = {**PROPS, "execution": "migrate-1a2b"}
    found = JobRunProvider().diff("id", before, {**PROPS, "execution": None, **change})
    assert found.changes is runs
    assert not found.replaces


def test_the_provider_runs_at_creation_and_at_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    for act in (
        lambda: JobRunProvider().create(PROPS),
        lambda: JobRunProvider().update("id", PROPS, PROPS),
    ):
        azure = Azure()
        monkeypatch.setattr(job_run, "Arm", azure.arm)
        monkeypatch.setattr("infra.polling.sleep", lambda _: None)
        result = act()
        assert result.outs == {**PROPS, "execution": "migrate-1a2b"}
        assert azure.calls[0] == "POST /start"


def test_a_run_is_gone_with_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_run, "Arm", Azure().arm)
    assert JobRunProvider().read("id", PROPS).id == ""


def test_a_run_that_fails_leaves_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_run, "Arm", Azure(ends="Failed").arm)
    monkeypatch.setattr("infra.polling.sleep", lambda _: None)
    with pytest.raises(JobError):
        JobRunProvider().update("id", PROPS, PROPS)


RELEASE = {"endpoint": ENDPOINT, "release": "r/site@sha256:1"}


def test_a_new_endpoint_is_not_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    monkeypatch.setattr(edge_purge, "Arm", azure.arm)
    EdgePurgeProvider().create(RELEASE)
    assert azure.calls == []


def test_another_release_is_a_purge_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    monkeypatch.setattr(edge_purge, "Arm", azure.arm)
    news = {**RELEASE, "release": "r/site@sha256:2"}
    found = EdgePurgeProvider().diff("id", RELEASE, news)
    assert (found.changes, found.replaces) == (True, [])
    assert EdgePurgeProvider().update("id", RELEASE, news).outs == news
    assert azure.calls == ["POST /purge"]
    assert azure.bodies == [{"contentPaths": ["/*"]}]


def test_the_same_release_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EdgePurgeProvider().diff("id", RELEASE, dict(RELEASE)).changes is False


def test_another_endpoint_is_another_purge() -> None:
    found = EdgePurgeProvider().diff("id", RELEASE, {**RELEASE, "endpoint": "other"})
    assert found.replaces == ["endpoint"]


def test_a_refused_purge_is_azures_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/purge"):
            error = {"code": "AuthorizationFailed", "message": "No."}
            return httpx.Response(403, json={"error": error})
        return Azure()(request)

    def arm() -> Arm:
        return Arm(credential=Credential(), transport=httpx.MockTransport(refusing))

    monkeypatch.setattr(edge_purge, "Arm", arm)
    with pytest.raises(ArmError, match=r"^AuthorizationFailed: No\.$"):
        EdgePurgeProvider().update("id", RELEASE, RELEASE)
