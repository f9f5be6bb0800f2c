"""Own domains in the program: what each host and the edge get, in which order."""

from typing import Any

import pytest

from infra.stacks import SITES
from tests.unit.conftest import Declare
from tests.unit.recording import Recorder, Sent
from tests.unit.test_domains import ZONE

WWW = {"domain": "www.example.com", "www": True}
OTHER = {"domain": "words.example.com"}
DNS = {"zone": ZONE}


def record_sets(recorder: Recorder) -> dict[tuple[str, str], Any]:
    """Values of the records by name and type."""
    values = ("cnameRecord", "txtRecords", "aRecords", "targetResource")
    return {
        (one.at("relativeRecordSetName"), one.at("recordType")): next(
            one.inputs[key] for key in values if key in one.inputs
        )
        for one in recorder.all("azure-native:dns:RecordSet")
    }


def variables(sent: Sent) -> dict[str, Any]:
    settings = (
        sent.at("siteConfig.appSettings")
        if sent.type.endswith(":WebApp")
        else sent.at("template.containers.0.env")
    )
    return {one["name"]: one.get("value") for one in settings}


def test_without_a_domain_nothing_is_declared_for_one(recorded: Declare) -> None:
    recorder = recorded("prod")
    assert not [one for one in recorder.sent if "omain" in one.type or ":dns:" in one.type]
    app = recorder.one("azure-native:app:ContainerApp")
    assert "customDomains" not in app.at("configuration.ingress")
    assert "OTHER_HOSTS" not in variables(app)


def test_a_container_app_has_its_names_in_its_own_body(recorded: Declare) -> None:
    recorder = recorded("dev", {"homepage": WWW, "dns": DNS})
    app = recorder.one("azure-native:app:ContainerApp")
    azure = "homepage.calm-sky.eastus.azurecontainerapps.io"
    assert record_sets(recorder) == {
        ("www", "CNAME"): {"cname": azure},
        ("@", "A"): [{"ipv4Address": "192.0.2.10"}],
        ("asuid.www", "TXT"): [{"value": ["A1B2C3"]}],
        ("asuid", "TXT"): [{"value": ["A1B2C3"]}],
    }
    # As the check says (tests/unit/recording.py).
    bound = [{"name": "www.example.com", "bindingType": "Auto"}]
    assert app.at("configuration.ingress.customDomains") == bound
    assert variables(app)["PUBLIC_URL"] == "https://www.example.com"
    assert variables(app)["OTHER_HOSTS"] == f"example.com,{azure}"
    check, binding = recorder.one("DomainCheck"), recorder.one("DomainBinding")
    assert check.at("hosts") == ["www.example.com", "example.com"]
    assert check.at("certificates").keys() == {"www.example.com", "example.com"}
    assert binding.at("apexes") == ["example.com"]
    for record in recorder.all("azure-native:dns:RecordSet"):
        assert recorder.needs(check, record)
    assert recorder.needs(app, check)
    assert recorder.needs(binding, app)
    # It writes to the environment, which takes one write at a time.
    assert recorder.needs(recorder.one("azure-native:app:Job"), binding)


def test_behind_the_edge_a_name_is_the_edges_alone(recorded: Declare) -> None:
    recorder = recorded("prod", {"homepage": WWW, "translator": OTHER, "dns": DNS})
    endpoint = "edge-homepage1a2b3c4d.z01.azurefd.net"
    assert record_sets(recorder)["www", "CNAME"] == {"cname": endpoint}
    assert record_sets(recorder)["@", "A"]["id"].endswith("/AFDEndpoint/edge-homepage1a2b3c4d")
    assert record_sets(recorder)["_dnsauth", "TXT"] == [{"value": ["token"]}]
    assert ("asuid.www", "TXT") not in record_sets(recorder)
    assert recorder.all("DomainBinding") == []
    app = recorder.one("azure-native:app:ContainerApp")
    assert "customDomains" not in app.at("configuration.ingress")
    origin = "homepage.calm-sky.eastus.azurecontainerapps.io"
    assert variables(app)["OTHER_HOSTS"] == f"example.com,{endpoint},{origin}"
    domains = [one for one in recorder.all("AFDCustomDomain") if "homepage" in one.name]
    assert [one.at("hostName") for one in domains] == ["www.example.com", "example.com"]
    for route in ("homepage-route-pages", "homepage-route-private"):
        sent = recorder.one("azure-native:cdn:Route", route)
        assert len(sent.at("customDomains")) == 2
        assert all(recorder.needs(sent, one) for one in domains)
    assert recorder.needs(app, recorder.one("DomainCheck", "homepage-check"))
    # One write at a time to the profile.
    assert recorder.needs(domains[1], domains[0])
    (other,) = [one for one in recorder.all("AFDCustomDomain") if "translator" in one.name]
    assert recorder.needs(other, recorder.one("azure-native:cdn:Route", "homepage-route-private"))


@pytest.mark.parametrize("zone", [True, False])
def test_a_web_app_proves_its_name_after_its_creation(recorded: Declare, zone: bool) -> None:
    recorder = recorded("dev", {"translator": OTHER, **({"dns": DNS} if zone else {})})
    site, check = recorder.one("WebApp"), recorder.one("DomainCheck")
    binding = recorder.one("DomainBinding")
    assert variables(site)["PUBLIC_URL"] == "https://words.example.com"
    assert recorder.needs(site, check)
    assert recorder.needs(binding, site)
    assert check.at("by_hand") != zone
    if zone:
        proof = recorder.one("RecordSet", "translator-proofs-asuid-words-example-com-txt")
        assert proof.at("txtRecords") == [{"value": ["A1B2C3"]}]
        assert recorder.needs(proof, site)
        assert recorder.needs(binding, proof)
    else:
        assert recorder.all("RecordSet") == []


def test_files_have_a_name_too(recorded: Declare) -> None:
    homepage = {"host": "staticSite", "domain": "www.example.com"}
    recorder = recorded("dev", {"homepage": homepage, "dns": DNS})
    site, binding = recorder.one("azure-native:web:StaticSite"), recorder.one("DomainBinding")
    assert record_sets(recorder) == {("www", "CNAME"): {"cname": "calm-sea-1.azurestaticapps.net"}}
    assert recorder.needs(recorder.one("DomainCheck"), site)
    assert recorder.needs(binding, recorder.one("DomainCheck"))


@pytest.mark.parametrize(("environment", "protected"), [("dev", False), ("prod", True)])
def test_a_zone_is_created_for_the_registered_domain(
    recorded: Declare, environment: str, protected: bool
) -> None:
    domain = {"domain": "www.example.co.uk"}
    recorder = recorded(environment, {"homepage": domain, "dns": {"zone": "create"}})
    zone = recorder.one("azure-native:dns:Zone")
    assert (zone.at("zoneName"), zone.protect) == ("example.co.uk", protected)
    assert recorder.one("DomainCheck").at("name_servers") == ["ns1-01.azure-dns.com."]
    for record in recorder.all("RecordSet"):
        assert recorder.needs(record, zone)


def test_a_check_waits_after_the_builds_and_as_long_as_is_set(recorded: Declare) -> None:
    recorder = recorded("dev", {"homepage": WWW, "translator": OTHER, "domainWait": 30})
    for name in ("homepage", "translator"):
        check = recorder.one("DomainCheck", f"{name}-check")
        assert check.at("wait") == 30
        assert recorder.needs(check, recorder.one("Image", f"{name}-image"))


def test_secrets_of_the_settings_stay_secret(
    program: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["frugal:homepage"]')
    key = "canary" * 6
    recorder = program("dev", {"homepage": {**WWW, "sessionKey": key}}, sites=SITES)
    check = recorder.one("DomainCheck")
    assert key in check.at("release")
    assert key not in repr(dict(check.clear))
