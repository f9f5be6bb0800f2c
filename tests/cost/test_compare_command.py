"""`frugal compare` as it is typed, and what each of its formats holds."""

import html
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from frugal import cli
from frugal.commands import compared_sizes
from frugal.cost.compare.result import Compared, compared
from frugal.cost.report.comparison import comparison_report
from frugal.cost.report.data import comparison_data
from frugal.cost.report.html import page
from frugal.cost.report.markdown import markdown
from frugal.cost.report.terminal import print_report
from frugal.cost.report.words import TIMES
from frugal.paths import Checkout
from tests.cost.test_compare import Costs, costs, without_egress

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
def homepage() -> Compared:
    return compared("homepage", costs())


@pytest.fixture(scope="module")
def gaps() -> Compared:
    given = costs("used_elsewhere: {egress_gb: 100}")
    return compared("homepage", Costs(given.sizes, given.usage, without_egress(), given.month))


def test_the_command_in_each_format(place, monkeypatch, capsys) -> None:
    write(place, "config: {azure-native:location: eastus}")
    for shown_as in ("table", "json", "markdown", "html"):
        code, out, err = run(
            monkeypatch, capsys, "compare", "translator", "-s", "dev", "--format", shown_as
        )
        assert (code, err) == (0, ""), shown_as
        # 4.998 + 12.41 + 16.09
        assert ("33.498" if shown_as == "json" else "33.50") in out, shown_as


def test_region_and_sizes_are_the_environments(place: Checkout) -> None:
    write(
        place,
        """\
config:
  azure-native:location: westeurope
  frugal:homepage: {minReplicas: 1, maxReplicas: 4, sessionKey: {secure: v1:abc}, host: staticSite}
  frugal:database: {sku: Standard_B2s, storageGb: 64}
  frugal:usageFile: usage.yaml
""",
    )
    sizes, usage = compared_sizes.sizes(place, "dev")
    assert (sizes.environment, sizes.location) == ("dev", "westeurope")
    assert sizes.replicas == {"homepage": (1, 4), "translator": (0, 1)}
    assert (sizes.database_sku, sizes.storage_gb) == ("Standard_B2s", 64)
    assert usage is not None
    assert usage.name == "usage.yaml"


def test_a_region_that_the_environment_does_not_name_is_the_projects(place: Checkout) -> None:
    write(place, "")
    assert compared_sizes.sizes(place, "dev")[0].location == "swedencentral"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("config: {azure-native:location: eatsus}", "'eatsus' is not allowed"),
        ("config: {frugal:homepage: {maxReplicas: 0}}", "frugal:homepage.maxReplicas: 0"),
        ("config: {frugal:database: 5}", "frugal:database"),
        ("config: 5", "holds no keys"),
        ("config: [", "not YAML"),
    ],
)
def test_wrong_settings_are_one_message(place, content, told, monkeypatch, capsys) -> None:
    write(place, content)
    code, out, err = run(monkeypatch, capsys, "compare", "homepage", "-s", "dev")
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_no_such_environment_or_usage_file(place, monkeypatch, capsys) -> None:
    write(place, "config: {azure-native:location: eastus}")
    code, out, err = run(monkeypatch, capsys, "compare", "homepage", "-s", "test")
    assert (code, out) == (2, "")
    assert "There is no environment 'test'" in err
    code, out, err = run(
        monkeypatch, capsys, "compare", "homepage", "-s", "dev", "--usage", "nowhere.yaml"
    )
    assert (code, out) == (2, "")
    assert "cannot be read" in err


def test_any_environment_that_has_a_file_can_be_compared(place: Checkout) -> None:
    write(place, "config: {azure-native:location: westeurope}", "stage")
    sizes, _usage_file = compared_sizes.sizes(place, "stage")
    assert (sizes.environment, sizes.location) == ("stage", "westeurope")


def test_the_owners_figures_come_from_the_file(place, monkeypatch, capsys, tmp_path) -> None:
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


def test_something_unpriced_is_exit_code_4(place, monkeypatch, capsys) -> None:
    """No price is known in this region but those that are of no region."""
    write(place, "config: {azure-native:location: westus}")
    code, out, err = run(
        monkeypatch, capsys, "compare", "homepage", "-s", "dev", "--format", "json"
    )
    assert code == 4
    rows = {row["name"]: row for row in json.loads(out)["rows"]}
    assert rows["App Service"]["monthly"] == []
    assert {one["name"] for one in rows["App Service"]["unpriced"]} >= {"homepage-plan", "registry"}
    assert rows["Static Web Apps"]["monthly"]
    assert err.startswith("Unpriced in westus: Container Apps, App Service,")


def test_json_has_every_digit(homepage: Compared) -> None:
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
        "at": [{"multiple": "26.39", "dearer": "Container Apps"}],
    }
    assert pairs["App Service", "App Service + edge"]["at"] == []
    assert found["price_off"]["items"][1]["list_price"] is None
    amounts = re.findall(r'"(-?[\d.]+E?[\d.+-]*)"', json.dumps(found["rows"]))
    assert amounts
    assert all(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", one) for one in amounts)


def printed(found: Compared, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_report(console, comparison_report(found), details=True)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(homepage: Compared, width: int) -> None:
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


def test_bars_are_as_long_as_what_they_stand_for(homepage: Compared) -> None:
    lines = printed(homepage, 80).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"1{TIMES}  █ fixed"))
    bars = {line[:22].strip(): line[23:].split(" ")[0] for line in lines[first + 1 : first + 6]}
    longest = len(bars["App Service + edge"])  # 52.5181
    assert bars["Static Web Apps"] == ""
    assert len(bars["Container Apps"]) == round(longest * 4.998 / 52.5181)
    assert len(bars["App Service"]) == round(longest * 17.408 / 52.5181)


def whole_markdown(found: Compared) -> str:
    return markdown(comparison_report(found))


def whole_page(found: Compared) -> str:
    return page(comparison_report(found))


@pytest.mark.parametrize("render", [lambda found: printed(found, 200), whole_markdown, whole_page])
def test_what_is_unpriced_is_named_and_has_no_figure(gaps: Compared, render) -> None:
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


def test_the_page_asks_nothing_of_the_network(homepage: Compared) -> None:
    links = _Links(whole_page(homepage))
    assert links.found == []
    assert "script" not in links.tags
    assert links.tags.count("svg") == 15  # five rows at three multiples


def test_markdown_tables_are_whole(homepage: Compared) -> None:
    rows = [line for line in whole_markdown(homepage).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5, 6}
    assert "| App Service | **17.41**<br>17.41 – ↑17.41 |" in rows[4] + "|"  # noqa: RUF001
