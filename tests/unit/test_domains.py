"""Own domains in the settings: which names a site can have, and what an error says."""

import json
from typing import Any

import pytest

from infra import domains
from infra.settings import Settings, SettingsError, read
from infra.stacks import MODELS

ZONE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/names"
    "/providers/Microsoft.Network/dnszones/example.com"
)


def settings(**keys: Any) -> Settings:
    config = {
        "azure-native:location": "eastus",
        **{
            f"frugal:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in keys.items()
        },
    }
    return read("dev", config, MODELS)


def refusal(**keys: Any) -> str:
    with pytest.raises(SettingsError) as error:
        settings(**keys)
    return str(error.value)


def test_a_domain_is_a_host_name_in_lower_case() -> None:
    for given in ("www.example.com", "example.com", "xn--bcher-kva.example", "a.b.c.example.co.uk"):
        assert settings(homepage={"domain": given}).sites["homepage"].domain == given
    for given in ("Example.com", "https://example.com", "example", "-a.example.com", "a_b.example"):
        assert refusal(homepage={"domain": given}) == (
            f"frugal:homepage.domain: {given!r} is not allowed; allowed: a host name in lower "
            "case, such as www.example.com (an international one as xn--…)"
        )


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, ()),
        ({"domain": "example.com"}, ("example.com",)),
        ({"domain": "example.com", "www": True}, ("example.com", "www.example.com")),
        ({"domain": "www.example.com", "www": True}, ("www.example.com", "example.com")),
    ],
)
def test_the_canonical_name_comes_first(given: dict[str, Any], hosts: tuple[str, ...]) -> None:
    assert settings(homepage=given).sites["homepage"].hosts == hosts


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"homepage": {"www": True}},
            "frugal:homepage: www needs a domain; allowed: www false, or a domain",
        ),
        (
            {"homepage": {"domain": "co.uk"}},
            (
                "frugal:homepage.domain: 'co.uk' is a public suffix, which nobody owns; allowed: a "
                "name below it"
            ),
        ),
        (
            {"homepage": {"domain": "www.example.org"}, "dns": {"zone": ZONE}},
            (
                "frugal:homepage.domain: 'www.example.org' is not in the DNS zone example.com "
                "(dns.zone); allowed: a name in it"
            ),
        ),
        (
            {"homepage": {"domain": "example.com", "cdn": "frontDoor"}},
            (
                "frugal:homepage.domain: 'example.com' is an apex, which points to Front Door by "
                "an alias record of Azure DNS alone; allowed: dns.zone, or a name below it such as "
                "www.example.com"
            ),
        ),
        (
            {"translator": {"domain": "example.co.uk"}},
            (
                "frugal:translator.domain: 'example.co.uk' is an apex, which host 'appService' "
                "cannot have here; allowed: a name below it such as www.example.co.uk, host "
                "containerApp, or cdn frontDoor with dns.zone"
            ),
        ),
        (
            {"homepage": {"domain": "xn--a.example.com", "host": "staticSite"}},
            (
                "frugal:homepage.domain: 'xn--a.example.com' is international, which host "
                "'staticSite' does not take; allowed: another host"
            ),
        ),
        (
            {"homepage": {"domain": "a.example.com"}, "translator": {"domain": "a.example.com"}},
            (
                "frugal:translator.domain: 'a.example.com' is a name of homepage; allowed: another "
                "name"
            ),
        ),
        (
            {"dns": {"zone": "create"}},
            "frugal:dns.zone: create is for a domain of a site, and no site has one",
        ),
        (
            {"dns": {"zone": "example.com"}},
            (
                "frugal:dns.zone: 'example.com' is not allowed; allowed: create, or the resource "
                "id of a DNS zone: /subscriptions/<id>/resourceGroups/<group>/providers/"
                "Microsoft.Network/dnszones/<name>"
            ),
        ),
        (
            {"domainWait": "3601"},
            "frugal:domainWait: '3601' is not allowed; allowed: 3600 or less",
        ),
        (
            {"homepage": {"domain": "www.example.com", "originLock": True}},
            (
                "frugal:homepage: originLock is for a site behind an edge of its own, and would "
                "keep the authority of the domain's certificate out; allowed: originLock false, or "
                "cdn frontDoor"
            ),
        ),
    ],
)
def test_a_name_that_cannot_be_is_one_line(keys: dict[str, Any], said: str) -> None:
    assert refusal(**keys) == said


def test_an_apex_is_for_container_apps_and_for_the_edge_with_the_zone() -> None:
    settings(homepage={"domain": "example.com"})
    settings(homepage={"domain": "example.com", "cdn": "frontDoor"}, dns={"zone": ZONE})
    settings(homepage={"domain": "blog.example.com"}, dns={"zone": "create"})


def test_a_created_zone_is_the_registered_domain() -> None:
    assert domains.zone_name("create", ["www.example.co.uk"]) == "example.co.uk"
    assert domains.zone_name(ZONE, []) == "example.com"
    assert domains.zone_name(None, ["www.example.com"]) is None
    assert domains.relative_name("example.com", "example.com") == "@"
    assert domains.relative_name("_dnsauth.www.example.com", "example.com") == "_dnsauth.www"
    assert domains.is_apex("blog.example.com", "blog.example.com")


def test_the_wait_is_ten_minutes_unless_it_is_set() -> None:
    assert settings().domain_wait == 600
    assert settings(domainWait="30").domain_wait == 30
