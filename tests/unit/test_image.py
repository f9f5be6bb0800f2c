"""Building an image and waiting for a role, against a server that answers as Azure's do."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from azure.core.credentials import AccessToken

from infra import waits
from infra.arm import Arm, ArmError
from infra.components import image
from infra.components.build_context import pack
from infra.components.image import BuildError, ImageProvider, build

REGISTRY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r"
DIGEST = "sha256:" + "ab" * 32
LOG = ["", "Step 1\nSt", "Step 1\nStep 2"]
# As MicrosoftLearning/mslearn-azure-ai #125 (2026-03-26) has it.
REFUSED_LOG = (
    "toomanyrequests: You have reached your unauthenticated pull rate limit. "
    "https://www.docker.com/increase-rate-limit\n"
)


class Credential:
    def get_token(self, *_: str) -> AccessToken:
        return AccessToken("token", 0)


class BuildServer:
    """A registry whose builds end at the `looks`-th look at them.

    `pull_limits`: number of the first builds whose base Docker Hub refuses.
    """

    def __init__(
        self,
        *,
        ends: str = "Succeeded",
        refuses: str | None = None,
        looks: int = 3,
        pull_limits: int = 0,
    ) -> None:
        self.calls: list[str] = []
        self.uploaded = b""
        self.run_request: dict[str, Any] = {}
        self.builds = self.looks = 0
        self.waits: list[float] = []
        self._ends, self._refuses, self._looks = ends, refuses, looks
        self._pull_limits = pull_limits

    def __call__(self, request: httpx.Request) -> httpx.Response:  # noqa: C901, PLR0911
        action = request.url.path.removeprefix(REGISTRY)
        self.calls.append(f"{request.method} {action}")
        match request.method, action:
            case "GET", "/metadata/endpoints":
                endpoint = {"loginEndpoint": "https://login.example"}
                cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
                return httpx.Response(200, json=cloud)
            case "GET", "":
                return httpx.Response(200, json={"properties": {"loginServer": "r.azurecr.io"}})
            case "POST", "/listBuildSourceUploadUrl":
                place = {"uploadUrl": "https://blob.example/up?sig=s", "relativePath": "source/1"}
                return httpx.Response(200, json=place)
            case "PUT", "/up":
                self.uploaded = request.content
                return httpx.Response(201)
            case "POST", "/scheduleRun":
                self.run_request = json.loads(request.content)
                self.builds, self.looks = self.builds + 1, 0
                if self._refuses:
                    error = {"code": self._refuses, "message": "No."}
                    return httpx.Response(400, json={"error": error})
                return httpx.Response(200, json={"name": "ca1", "properties": {"runId": "ca1"}})
            case "POST", "/runs/ca1/listLogSasUrl":
                return httpx.Response(200, json={"logLink": "https://blob.example/log?sig=s"})
            case "GET", "/runs/ca1":
                self.looks += 1
                return httpx.Response(200, json={"properties": self._run()})
            case "GET", "/log":
                if self.looks == 1:
                    return httpx.Response(404)
                text = REFUSED_LOG if self._is_refused() else LOG[min(self.looks, 3) - 1]
                return httpx.Response(200, text=text)
            case _:
                raise AssertionError(f"unexpected: {request.method} {request.url}")

    def _run(self) -> dict[str, Any]:
        if self.looks < self._looks:
            return {"status": "Running"}
        if self._is_refused():
            return {"status": "Failed", "runErrorMessage": "failed to run step ID: build"}
        if self._ends != "Succeeded":
            return {"status": self._ends, "runErrorMessage": "step 2 failed"}
        outputs = [{"registry": "r.azurecr.io", "repository": "site", "digest": DIGEST}]
        return {"status": "Succeeded", "outputImages": outputs}

    def _is_refused(self) -> bool:
        return self.builds <= self._pull_limits

    def arm(self) -> Arm:
        return Arm(
            credential=Credential(), transport=httpx.MockTransport(self), sleep=lambda _: None
        )


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("ARG BASE=python:3.13-slim@sha256:00\nFROM ${BASE}\n")
    (tmp_path / "main.py").write_text("")
    return tmp_path


def built(registry: BuildServer, app: Path) -> str:
    with mock.patch("infra.polling.sleep", registry.waits.append):
        return build(registry.arm(), registry=REGISTRY, repository="site", context=app)


def test_a_build(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = BuildServer()
    assert built(registry, app) == f"r.azurecr.io/site@{DIGEST}"
    with tarfile.open(fileobj=io.BytesIO(registry.uploaded), mode="r:gz") as tar:
        assert tar.getnames() == ["Dockerfile", "main.py"]
    assert registry.run_request == {
        "type": "DockerBuildRequest",
        "sourceLocation": "source/1",
        "dockerFilePath": "Dockerfile",
        "imageNames": [f"site:{pack(app).digest[:12]}"],
        "isPushEnabled": True,
        "platform": {"os": "Linux", "architecture": "amd64"},
        "timeout": 3600,
    }
    assert capsys.readouterr().err == "site: Step 1\nsite: Step 2\n"


def test_a_build_is_looked_at_ever_more_rarely(app: Path) -> None:
    registry = BuildServer(looks=30)
    built(registry, app)
    assert registry.waits == pytest.approx([min(0.5 * 1.1**n, 5) for n in range(29)])
    assert registry.waits[-1] == 5


def test_a_base_that_docker_hub_refused_is_asked_for_once_more(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = BuildServer(looks=2, pull_limits=1)
    assert built(registry, app) == f"r.azurecr.io/site@{DIGEST}"
    assert registry.waits == [0.5, 60, 0.5]
    assert registry.calls.count("PUT /up") == registry.calls.count("POST /scheduleRun") == 2
    assert "Docker Hub refused the base image; next try in 60 s" in capsys.readouterr().err


def test_the_pause_before_the_second_build_is_a_setting(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "_current", waits.DEFAULTS)
    waits.configure('{"pullLimit": 0}')
    registry = BuildServer(looks=2, pull_limits=1)
    assert built(registry, app) == f"r.azurecr.io/site@{DIGEST}"
    assert registry.waits == [0.5, 0, 0.5]


def test_a_base_that_docker_hub_refuses_twice_is_named_with_the_way_round(app: Path) -> None:
    registry = BuildServer(looks=2, pull_limits=3)
    with pytest.raises(BuildError) as error:
        built(registry, app)
    assert registry.builds == 2
    assert str(error.value).startswith("toomanyrequests: Docker Hub's limit")
    source = "--source docker.io/library/python:3.13-slim --image python:3.13-slim"
    assert f"az acr import --name r {source}" in str(error.value)
    assert "`ARG BASE=r.azurecr.io/python:3.13-slim`" in str(error.value)


def test_a_build_that_failed_for_another_reason_is_not_repeated(app: Path) -> None:
    registry = BuildServer(ends="Failed")
    with pytest.raises(BuildError):
        built(registry, app)
    assert registry.builds == 1


@pytest.mark.parametrize("status", ["Failed", "Canceled", "Error", "Timeout"])
def test_a_build_that_fails_says_why_after_its_log(
    app: Path, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    with pytest.raises(BuildError, match=f"site ended as {status}: step 2 failed"):
        built(BuildServer(ends=status), app)
    assert "Step 2" in capsys.readouterr().err


def test_a_subscription_that_may_not_build_is_told_the_way_round(app: Path) -> None:
    with pytest.raises(BuildError, match=r"TasksOperationsNotAllowed.*--path site\.image"):
        built(BuildServer(refuses="TasksOperationsNotAllowed"), app)


def test_other_refusals_are_azures_own(app: Path) -> None:
    with pytest.raises(ArmError, match=r"^AuthorizationFailed: No\.$"):
        built(BuildServer(refuses="AuthorizationFailed"), app)


PROPS = {"registry": REGISTRY, "repository": "site", "context": "apps/site", "content": "1"}


@pytest.mark.parametrize(
    ("change", "builds"),
    [
        ({}, False),
        ({"context": "elsewhere"}, False),
        ({"content": "2"}, True),
        ({"registry": "other"}, True),
        ({"repository": "other"}, True),
    ],
)
def test_only_content_and_destination_call_for_a_build(
    change: dict[str, str], *, builds: bool
) -> None:
    before = {**PROPS, "image": "r.azurecr.io/site@sha256:0"}
    assert ImageProvider().diff("id", before, {**PROPS, "image": None, **change}).changes is builds


def test_the_provider_builds_in_the_checkout_and_keeps_no_path(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = BuildServer()
    monkeypatch.setattr(image, "CHECKOUT", app.parent)
    monkeypatch.setattr(image, "Arm", registry.arm)
    monkeypatch.setattr("infra.polling.sleep", registry.waits.append)
    result = ImageProvider().create({**PROPS, "context": app.name})
    assert result.outs == {**PROPS, "context": app.name, "image": f"r.azurecr.io/site@{DIGEST}"}
    assert str(app.parent) not in json.dumps(result.outs)
    assert result.id == f"{REGISTRY}/site"


@pytest.mark.parametrize(("status", "found"), [(200, True), (404, False)])
def test_an_image_is_gone_with_its_registry(
    monkeypatch: pytest.MonkeyPatch, status: int, *, found: bool
) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path == REGISTRY:
            return httpx.Response(status, json={})
        return BuildServer()(request)

    def arm() -> Arm:
        return Arm(credential=Credential(), transport=httpx.MockTransport(server))

    monkeypatch.setattr(image, "Arm", arm)
    result = ImageProvider().read("id", PROPS)
    assert (result.id == "id") is found
