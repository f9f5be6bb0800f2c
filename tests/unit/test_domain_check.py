"""The check of a domain's records and its binding, against answers of DNS and Azure.

Time is a clock that only sleeping moves.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from infra import resolver
from infra.arm import Arm, ArmError
from infra.components import domain_check
from infra.components.domain_binder import (
    ContainerAppBinder,
    certificate_name,
    managed_certificate,
)
from infra.components.domain_binding import DomainBindingProvider, bind
from infra.components.domain_check import DomainCheckProvider, DomainError, check, refuse_others
from infra.components.wait import WaitError
from tests.unit.test_wait import Credential, Time, refused

APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/containerApps/site"
ENVIRONMENT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/managedEnvironments/e"
EDGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p/customDomains/www"
WEB = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/site"
WWW = "www.example.com"
CERTIFICATE = managed_certificate(ENVIRONMENT, WWW)
CNAME = {"type": "CNAME", "name": WWW, "value": "site.azure.example"}
PROOF = {"type": "TXT", "name": f"asuid.{WWW}", "value": "A1"}
RIGHT = {(WWW, "CNAME"): ["site.azure.example"], (f"asuid.{WWW}", "TXT"): ["A1"]}

Answer = Callable[[httpx.Request], httpx.Response]


class Dns:
    """Answers from a table that may change with the seconds."""

    def __init__(self, time: Time, *tables: tuple[float, Mapping[tuple[str, str], list[str]]]):
        self.time, self.tables = time, tables

    def missing(self, record: Mapping[str, Any]) -> str | None:
        table: Mapping[tuple[str, str], list[str]] = {}
        for since, one in self.tables:
            table = one if self.time.seconds >= since else table
        found = table.get((record["name"], record["type"]), [])
        right = record["value"] in found or (found and record["value"] is None)
        return None if right else f"{record['name']} {record['type']}: {found or 'no such record'}"


class Azure:
    """Azure's answers by method and path, and the requests that change something."""

    def __init__(self) -> None:
        self.time = Time()
        self.sent: list[tuple[str, str, Any]] = []
        self.bodies: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/metadata/endpoints":
            endpoint = {"loginEndpoint": "https://login.example"}
            cloud = {"resourceManager": "https://arm.example", "authentication": endpoint}
            return httpx.Response(200, json=cloud)
        if request.method == "GET":
            body = self.bodies.get(path)
            body = body(self.time.seconds) if callable(body) else body
            return httpx.Response(200, json=body) if body else refused(404, "ResourceNotFound")
        content = json.loads(request.content) if request.content else None
        self.sent.append((request.method, path, content))
        answer = self.bodies.get(f"{request.method} {path}")
        return answer() if answer else httpx.Response(202)

    def arm(self) -> Arm:
        return Arm(
            patience=0,
            credential=Credential(),
            transport=httpx.MockTransport(self),
            sleep=self.time.sleep,
        )


def props(**more: Any) -> dict[str, Any]:
    return {
        "site": "homepage",
        "hosts": [WWW],
        "records": [CNAME, PROOF],
        "wait": 600,
        "name_servers": [],
        "edge_domains": [],
        "certificates": {},
        "by_hand": False,
        **more,
    }


def checked(azure: Azure, *tables: tuple[float, Any], **more: Any) -> bool:
    with azure.arm() as arm, azure.time.passing():
        return check(arm, Dns(azure.time, *tables), props(**more))  # type: ignore[arg-type]


def test_right_records_take_one_look(capsys: pytest.CaptureFixture[str]) -> None:
    azure = Azure()
    assert checked(azure, (0, RIGHT))
    assert azure.time.sleeps == []
    assert capsys.readouterr().err == ""


def test_records_are_printed_once_while_they_are_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    azure = Azure()
    assert checked(azure, (0, {}), (100, RIGHT), name_servers=["ns1.example."])
    assert capsys.readouterr().err.splitlines() == [
        "domain: homepage: waiting for up to 600 seconds for these DNS records:",
        "domain:   www.example.com. 300 IN CNAME site.azure.example.",
        'domain:   asuid.www.example.com. 300 IN TXT "A1"',
        "domain: They are in the new zone. Name its servers where the domain is registered:",
        "domain:   ns1.example.",
    ]
    assert 100 <= azure.time.seconds <= 120


def test_wrong_records_end_with_what_is_wrong_and_the_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    azure = Azure()
    wrong = {**RIGHT, (WWW, "CNAME"): ["elsewhere.example"]}
    assert not checked(azure, (0, wrong))
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        "domain: homepage: not right after 600 seconds: www.example.com CNAME: "
        "['elsewhere.example']. The site stays on its Azure address. Make the records, and run "
        "the same command again: it goes on from here."
    )
    assert 600 <= azure.time.seconds <= 620


def edge(state: str, text: str = "t1") -> dict[str, Any]:
    return {
        "properties": {
            "hostName": WWW,
            "domainValidationState": state,
            "validationProperties": {"validationToken": text},
        }
    }


def test_a_name_at_the_edge_must_be_approved_too(capsys: pytest.CaptureFixture[str]) -> None:
    azure = Azure()
    azure.bodies[EDGE] = lambda seconds: edge("Approved" if seconds > 50 else "Pending")
    pointed = {(WWW, "CNAME"): ["site.azure.example"]}
    assert checked(azure, (0, pointed), records=[CNAME], edge_domains=[EDGE])
    assert '  _dnsauth.www.example.com. 300 IN TXT "t1"' in capsys.readouterr().err
    assert azure.sent == []


@pytest.mark.parametrize("state", ["TimedOut", "Rejected"])
def test_an_expired_token_is_renewed(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    azure = Azure()
    azure.bodies[EDGE] = lambda _: edge("Pending", "t2") if azure.sent else edge(state)
    assert not checked(azure, (0, {}), records=[CNAME], edge_domains=[EDGE], wait=0)
    assert [(method, path) for method, path, _ in azure.sent] == [
        ("POST", f"{EDGE}/refreshValidationToken")
    ]
    assert '_dnsauth.www.example.com. 300 IN TXT "t2"' in capsys.readouterr().err


def test_a_web_app_that_is_not_there_yet_is_not_waited_for() -> None:
    azure = Azure()
    assert not checked(azure, (0, RIGHT), web_app=WEB, by_hand=True)
    assert azure.time.sleeps == []
    azure.bodies[WEB] = {"properties": {"customDomainVerificationId": "A1"}}
    assert checked(azure, (0, RIGHT), records=[CNAME], web_app=WEB, by_hand=True)
    pointed = {(WWW, "CNAME"): ["site.azure.example"]}
    assert not checked(azure, (0, pointed), records=[CNAME], web_app=WEB, by_hand=True)


def app(*domains: Mapping[str, str]) -> dict[str, Any]:
    return {"properties": {"configuration": {"ingress": {"customDomains": list(domains)}}}}


def test_a_name_made_by_hand_is_not_wiped() -> None:
    azure = Azure()
    with azure.arm() as arm:
        refuse_others(arm, APP, {WWW})
        azure.bodies[APP] = app({"name": WWW})
        refuse_others(arm, APP, {WWW})
        azure.bodies[APP] = app({"name": WWW}, {"name": "by-hand.example.com"})
        with pytest.raises(DomainError, match=r"the container app site has by-hand\.example\.com"):
            refuse_others(arm, APP, {WWW})


SETTLED = {"verified": True, "settled": True, "release": "1"}
BEFORE = {**SETTLED, "settled": False}
AUTO = {"name": WWW, "bindingType": "Auto"}
PINNED = {"name": WWW, "bindingType": "SniEnabled", "certificateId": "c"}


@pytest.mark.parametrize(
    ("olds", "news", "changes"),
    [
        (BEFORE, {"release": "1"}, False),
        (BEFORE, {"release": "2"}, True),
        (SETTLED, {"release": "2"}, False),
        ({**BEFORE, "verified": False}, {"release": "1"}, True),
        (SETTLED, {"release": "1", "hosts": ["b.example.com"]}, True),
        ({**BEFORE, "wait": 1}, {"release": "1", "wait": 2}, False),
    ],
)
def test_a_check_differs_until_it_is_verified_and_settled(
    olds: dict[str, Any], news: dict[str, Any], changes: bool
) -> None:
    found = DomainCheckProvider().diff("id", props(**olds), props(**news))
    assert (found.changes, found.replaces) == (changes, None)


@pytest.mark.parametrize(
    ("earlier", "state", "settled"),
    [
        ({"hosts": []}, "Succeeded", False),
        ({"hosts": [WWW], "verified": False}, "Succeeded", False),
        ({"hosts": [WWW], "verified": True}, "Pending", False),
        ({"hosts": ["b.example.com"], "verified": True}, "Succeeded", False),
        ({"hosts": [WWW], "verified": True}, "Succeeded", True),
    ],
)
def test_a_release_after_the_binding_names_the_certificate_and_settles(
    monkeypatch: pytest.MonkeyPatch, earlier: dict[str, Any], state: str, settled: bool
) -> None:
    azure = Azure()
    azure.bodies[CERTIFICATE] = {"properties": {"provisioningState": state}}
    monkeypatch.setattr(domain_check, "Arm", azure.arm)
    monkeypatch.setattr(resolver, "Resolver", lambda _: Dns(azure.time, (0, RIGHT)))
    found = domain_check._checked(props(certificates={WWW: CERTIFICATE}), earlier)
    issued = state == "Succeeded"
    bound = {"name": WWW, "bindingType": "SniEnabled", "certificateId": CERTIFICATE}
    assert found["custom_domains"] == [bound if issued else AUTO]
    assert (found["verified"], found["settled"]) == (True, settled)


@pytest.mark.parametrize(("ssl", "settled"), [("SniEnabled", True), ("Disabled", False)])
def test_a_web_app_is_settled_with_its_certificates(
    monkeypatch: pytest.MonkeyPatch, ssl: str, settled: bool
) -> None:
    azure = Azure()
    azure.bodies[f"{WEB}/hostNameBindings/{WWW}"] = {"properties": {"sslState": ssl}}
    monkeypatch.setattr(domain_check, "Arm", azure.arm)
    monkeypatch.setattr(resolver, "Resolver", lambda _: Dns(azure.time, (0, RIGHT)))
    earlier = {"hosts": [WWW], "verified": True}
    assert domain_check._checked(props(web_app=WEB), earlier)["settled"] is settled


def binding(kind: str = "containerApp", **more: Any) -> dict[str, Any]:
    return {
        "site": "homepage",
        "kind": kind,
        "hosts": [WWW],
        "apexes": [],
        "target": APP if kind == "containerApp" else WEB,
        "holder": ENVIRONMENT,
        "location": "eastus",
        "plan": "plan",
        "records": [CNAME],
        "verified": True,
        "wait": 600,
        "state": None,
        **more,
    }


def bound(azure: Azure, **more: Any) -> str:
    with azure.arm() as arm, azure.time.passing():
        return bind(arm, binding(**more))


def issued_after(azure: Azure, seconds: float) -> None:
    def state(_: float) -> dict[str, Any] | None:
        asked = any(path == CERTIFICATE for _, path, _ in azure.sent)
        name = "Succeeded" if azure.time.seconds >= seconds else "Pending"
        return {"properties": {"provisioningState": name}} if asked else None

    azure.bodies[CERTIFICATE] = state
    azure.bodies[APP] = lambda now: app(PINNED if now >= seconds + 5 else AUTO)


@pytest.mark.parametrize(("apexes", "method"), [([], "CNAME"), ([WWW], "HTTP")])
def test_a_certificate_is_asked_for_once_and_waited_for(apexes: list[str], method: str) -> None:
    azure = Azure()
    issued_after(azure, 100)
    assert bound(azure, apexes=apexes) == "bound"
    assert azure.sent == [
        (
            "PUT",
            CERTIFICATE,
            {
                "location": "eastus",
                "properties": {"subjectName": WWW, "domainControlValidation": method},
            },
        )
    ]
    assert 105 <= azure.time.seconds <= 125


def test_a_certificate_that_is_late_leaves_the_binding_pending(
    capsys: pytest.CaptureFixture[str],
) -> None:
    azure = Azure()
    issued_after(azure, 10_000)
    assert bound(azure) == "pending"
    said = capsys.readouterr().err
    assert "the certificate of www.example.com is Pending" in said
    assert "run the same command again in some minutes" in said


def test_a_refusal_that_may_pass_is_looked_past_and_another_is_not() -> None:
    azure = Azure()
    azure.bodies[APP] = app(AUTO)
    late = refused(400, "FailedCnameValidation")
    azure.bodies[f"PUT {CERTIFICATE}"] = lambda: late
    assert bound(azure) == "pending"
    azure.bodies[f"PUT {CERTIFICATE}"] = lambda: refused(403, "AuthorizationFailed")
    with pytest.raises(ArmError, match="AuthorizationFailed"):
        bound(azure)


def test_names_that_are_not_verified_are_not_bound(capsys: pytest.CaptureFixture[str]) -> None:
    azure = Azure()
    azure.bodies[WEB] = {"properties": {"customDomainVerificationId": "A1"}}
    assert bound(azure, verified=False) == "pending"
    assert capsys.readouterr().err == ""
    assert bound(azure, kind="appService", verified=False) == "pending"
    assert capsys.readouterr().err.splitlines() == [
        "domain: homepage: make these DNS records, and run the same command again:",
        "domain:   www.example.com. 300 IN CNAME site.azure.example.",
        'domain:   asuid.www.example.com. 300 IN TXT "A1"',
    ]
    assert azure.sent == []


@pytest.mark.parametrize(
    ("olds", "news", "changes"),
    [
        ({"state": "bound"}, {}, False),
        ({"state": "pending"}, {}, True),
        ({"state": "pending", "verified": False}, {"verified": False}, False),
        ({"state": "pending", "verified": False}, {"verified": True}, True),
        ({"state": "bound"}, {"hosts": ["b.example.com"]}, True),
    ],
)
def test_a_binding_differs_until_it_is_bound(
    olds: dict[str, Any], news: dict[str, Any], changes: bool
) -> None:
    found = DomainBindingProvider().diff("id", binding(**olds), binding(**news))
    assert found.changes is changes


def test_the_app_lets_go_of_a_name_before_its_certificate_is_deleted() -> None:
    azure = Azure()
    azure.bodies[APP] = app({"name": "kept.example.com"}, PINNED)
    in_use = iter([refused(400, "CertificateInUse"), httpx.Response(200)])
    azure.bodies[f"DELETE {CERTIFICATE}"] = lambda: next(in_use)
    with azure.arm() as arm, azure.time.passing():
        ContainerAppBinder(arm, binding()).unbind([WWW])
    ingress = {"customDomains": [{"name": "kept.example.com"}]}
    body = {"properties": {"configuration": {"ingress": ingress}}}
    assert azure.sent == [
        ("PATCH", APP, body),
        ("DELETE", CERTIFICATE, None),
        ("DELETE", CERTIFICATE, None),
    ]


def test_a_certificate_that_stays_in_use_is_an_error() -> None:
    azure = Azure()
    azure.bodies[f"DELETE {CERTIFICATE}"] = lambda: refused(400, "CertificateInUse")
    with azure.arm() as arm, azure.time.passing(), pytest.raises(WaitError, match="is not deleted"):
        ContainerAppBinder(arm, binding()).unbind([WWW])


def test_names_of_certificates_differ_where_hosts_do() -> None:
    names = {certificate_name(h) for h in ("a.b-c.example", "a-b.c.example")}
    assert len(names) == 2
    assert domain_check.TTL == 300
