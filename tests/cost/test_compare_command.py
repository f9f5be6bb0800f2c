"""`frugal compare` as it is typed, and what each of its formats holds."""

import html
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
import yaml
from rich.console import Console

from frugal import cli
from frugal.cost.compare.options import HostingOption
from frugal.cost.compare.result import HostingComparison
from frugal.cost.plan import Plan
from frugal.cost.report.comparison import comparison_data, comparison_report
from frugal.cost.report.html import page
from frugal.cost.report.markdown import markdown
from frugal.cost.report.terminal import print_report
from frugal.cost.report.words import TIMES
from frugal.paths import Checkout
from infra.stacks import MODELS
from tests.cost.made import plan, registry, server
from tests.cost.test_compare import compare, site, without_egress

PROJECT = "name: frugal\nconfig: {azure-native:location: {value: swedencentral}}"


def run(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["frugal", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with files of its own: those of a developer must not count."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    made = Checkout(tmp_path)
    monkeypatch.setattr("frugal.commands.compare.checkout", lambda: made)
    return made


def write(place: Checkout, content: str, name: str = "dev") -> None:
    (place.root / f"Pulumi.{name}.yaml").write_text(content)


@pytest.fixture(scope="module")
def homepage() -> HostingComparison:
    return compare()


@pytest.fixture(scope="module")
def gaps() -> HostingComparison:
    return compare("used_elsewhere: {egress_gb: 100}", prices=without_egress())


@pytest.fixture
def previewed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Previews that were asked for; the answer is a plan of a registry, a database and the site."""
    asked: list[list[str]] = []

    def preview(checkout: Checkout, _console: object, environment: str, changes: list[str]) -> Plan:
        asked.append(changes)
        (name, host), (_name, cdn) = (
            change.replace("=", ".").split(".")[::2] for change in changes
        )
        option = HostingOption(host, "none" if cdn == "none" else "cache_misses")
        file = checkout.root / f"Pulumi.{environment}.yaml"
        place = yaml.safe_load(file.read_text())["config"]["azure-native:location"]
        shared = [registry(place=place), server(name="postgres-server", place=place)]
        return plan([*shared, *site(name, option, place, 0, 1)])

    monkeypatch.setattr("frugal.commands.compare.preview_option", preview)
    return asked


def test_the_command_shows_its_report_and_its_data(place, previewed, monkeypatch, capsys) -> None:
    """Markdown and HTML are the same report by the function that `frugal cost` shows its own by."""
    write(place, "config: {azure-native:location: eastus}")
    for shown_as in ("table", "json"):
        code, out, err = run(
            monkeypatch, capsys, "compare", "translator", "-s", "dev", "--format", shown_as
        )
        assert code == 0, shown_as
        steps = [line.partition(": ")[0] for line in err.splitlines()]
        assert steps == [f"Previewing dev, {n} of 4" for n in range(1, 5)]
        # 4.998 + 12.41 + 16.09
        assert ("33.498" if shown_as == "json" else "33.50") in out, shown_as


def test_each_option_that_the_settings_allow_is_previewed_once(
    place, previewed, monkeypatch, capsys
) -> None:
    write(place, "config: {azure-native:location: eastus, frugal:homepage: {originLock: false}}")
    code, out, _err = run(
        monkeypatch, capsys, "compare", "homepage", "-s", "dev", "--format", "json"
    )
    hosts = get_args(MODELS["homepage"].model_fields["host"].annotation)
    servers = [host for host in hosts if host != "staticSite"]
    assert code == 0
    assert sorted(previewed) == sorted(
        [f"homepage.host={host}", f"homepage.cdn={cdn}"]
        for host, cdn in [
            ("staticSite", "none"),
            *((host, cdn) for host in servers for cdn in ("none", "frontDoor")),
        ]
    )
    (note,) = (n for n in json.loads(out)["notes"] if n.startswith("Not offered"))
    assert "Static Web Apps + edge: frugal:homepage: cdn 'frontDoor' is not for host" in note


def test_an_option_that_another_setting_excludes_is_not_previewed(
    place, previewed, monkeypatch, capsys
) -> None:
    locked = "frugal:homepage: {cdn: frontDoor, originLock: true}"
    write(place, f"config: {{azure-native:location: eastus, {locked}}}")
    code, out, _err = run(monkeypatch, capsys, "compare", "homepage", "-s", "dev")
    assert code == 0
    assert all("homepage.cdn=frontDoor" in changes for changes in previewed)
    assert "originLock is for a site behind an edge of its own" in " ".join(out.split())


def test_a_site_that_is_none(place, monkeypatch, capsys) -> None:
    code, _out, err = run(monkeypatch, capsys, "compare", "nosuch", "-s", "dev")
    assert code == 2
    assert "There is no site 'nosuch' to compare; there are: homepage, translator" in err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("config: {azure-native:location: eatsus}", "'eatsus' is not allowed"),
        ("config: {frugal:homepage: {maxReplicas: 0}}", "frugal:homepage.maxReplicas: 0"),
        ("config: {frugal:database: 5}", "frugal:database"),
        ("config: 5", "holds no keys"),
        ("config: {3: 4, frugal:homepage: {}}", "Pulumi.dev.yaml: 3: a key must be text"),
        ("on: x", "Pulumi.dev.yaml: True: a key must be text"),
        ("config: {frugal:homepage: {image: 2026-01-01, cdn: 2026-01-02}}", "'2026-01-02' is not"),
        ("config: {azure-native:location: 2026-01-01}", "'2026-01-01' is not allowed"),
        ("config: [", "not YAML"),
    ],
)
def test_wrong_settings_are_one_message(place, content, told, monkeypatch, capsys) -> None:
    write(place, content)
    code, out, err = run(monkeypatch, capsys, "compare", "homepage", "-s", "dev")
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_no_such_environment_or_usage_file(place, previewed, monkeypatch, capsys) -> None:
    write(place, "config: {azure-native:location: eastus}")
    code, out, err = run(monkeypatch, capsys, "compare", "homepage", "-s", "test")
    assert (code, out) == (2, "")
    assert "There is no environment 'test'" in err
    code, out, err = run(
        monkeypatch, capsys, "compare", "homepage", "-s", "dev", "--usage", "nowhere.yaml"
    )
    assert (code, out, previewed) == (2, "", [])
    assert "cannot be read" in err


def test_any_environment_that_has_a_file_can_be_compared(
    place, previewed, monkeypatch, capsys
) -> None:
    write(place, "config: {azure-native:location: westeurope}", "stage")
    code, out, _err = run(
        monkeypatch, capsys, "compare", "translator", "-s", "stage", "--format", "json"
    )
    found = json.loads(out)
    assert (code, found["environment"], found["region"]) == (0, "stage", "westeurope")


def test_the_owners_figures_come_from_the_file(
    place, previewed, monkeypatch, capsys, tmp_path
) -> None:
    write(place, "config: {azure-native:location: eastus}")
    usage = tmp_path / "usage.yaml"
    usage.write_text("version: 1\nresources: {homepage-app: {requests: 300000}}\n")
    code, out, _err = run(
        monkeypatch,
        capsys,
        *("compare", "homepage", "-s", "dev", "--usage", str(usage), "--format", "json"),
    )
    found = json.loads(out)
    assert code == 0
    assert found["usage"] == {
        "active_seconds": "90000",
        "requests": "300000",
        "egress_gb": "1",
        "given": ["requests"],
    }


def test_something_unpriced_is_exit_code_4(place, previewed, monkeypatch, capsys) -> None:
    """No price is known in this region but those that are of no region."""
    write(place, "config: {azure-native:location: westus}")
    code, out, err = run(
        monkeypatch, capsys, "compare", "homepage", "-s", "dev", "--format", "json"
    )
    assert code == 4
    rows = {row["name"]: row for row in json.loads(out)["rows"]}
    assert rows["Container Apps"]["monthly"] == []
    names = {one["name"] for one in rows["Container Apps"]["unpriced"]}
    assert names >= {"homepage-app", "registry"}
    assert err.splitlines()[-1].startswith("Unpriced in westus: Static Web Apps, Container Apps")


def test_json_has_every_digit(homepage: HostingComparison) -> None:
    found = json.loads(json.dumps(comparison_data(homepage)))
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["Container Apps"]["monthly"][1] == {
        "multiple": "10",
        "low": "4.998",
        "expected": "6.348",
        "high": "58.728",
    }
    pairs = {(one["first"], one["second"]): one for one in found["crossings"]["pairs"]}
    assert pairs["Container Apps", "App Service"] == {
        "first": "Container Apps",
        "second": "App Service",
        "difference": "-12.41",
        "up_to": "1000",
        "at": [{"multiple": "26.39", "dearer": "Container Apps"}],
    }
    assert pairs["App Service", "App Service + edge"]["at"] == []
    assert found["price_off"]["items"][1]["list_price"] is None
    amounts = re.findall(r'"(-?[\d.]+E?[\d.+-]*)"', json.dumps(found["rows"]))
    assert amounts
    assert all(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", one) for one in amounts)


def printed(found: HostingComparison, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_report(console, comparison_report(found), details=True)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(homepage: HostingComparison, width: int) -> None:
    text = printed(homepage, width)
    assert max(map(len, text.splitlines())) <= width
    assert re.search(r"Container Apps +5\.00 +6\.35 +59\.13 *\n", text)
    assert re.search(
        r"26\.39 times: from there on Container Apps costs more than App Service", text
    )
    assert "None up to 1,000 times" in text
    assert re.search(r"App Service B1, translator +12\.65 +12\.11 +-0\.54 +12\.41", text)
    assert re.search(r"Container Apps, homepage +unknown +3\.23 +unknown", text)
    # The answer comes first.
    assert text.index("As long as the site has") < text.index("What each option costs")


def test_bars_are_as_long_as_what_they_stand_for(homepage: HostingComparison) -> None:
    lines = printed(homepage, 80).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"1{TIMES}  █ fixed"))
    bars = {line[:22].strip(): line[23:].split(" ")[0] for line in lines[first + 1 : first + 6]}
    longest = len(bars["App Service + edge"])  # 52.5181
    assert bars["Static Web Apps"] == ""
    assert len(bars["Container Apps"]) == round(longest * 4.998 / 52.5181)
    assert len(bars["App Service"]) == round(longest * 17.408 / 52.5181)


def whole_markdown(found: HostingComparison) -> str:
    return markdown(comparison_report(found))


def whole_page(found: HostingComparison) -> str:
    return page(comparison_report(found))


@pytest.mark.parametrize("render", [lambda found: printed(found, 200), whole_markdown, whole_page])
def test_what_is_unpriced_is_named_and_has_no_figure(gaps: HostingComparison, render) -> None:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", render(gaps))).split())
    assert "App Service is unpriced: homepage-web: no price of 'Standard Data Transfer Out'" in text
    assert "unpriced" in text
    assert "17.41 USD" not in text.split("January 2023")[0]


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_asks_nothing_of_the_network(homepage: HostingComparison) -> None:
    links = _Links(whole_page(homepage))
    assert links.found == []
    assert "script" not in links.tags
    assert links.tags.count("svg") == 15  # five rows at three multiples


def test_markdown_tables_are_whole(homepage: HostingComparison) -> None:
    rows = [line for line in whole_markdown(homepage).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5, 6}
    assert "| App Service | **17.41**<br>17.41 – ↑17.41 |" in rows[4] + "|"  # noqa: RUF001
