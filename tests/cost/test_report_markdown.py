"""The comment, as a Markdown parser reads it."""

import re

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from frugal.cost.report.bill import bill_report
from frugal.cost.report.markdown import escaped
from frugal.cost.report.markdown import markdown as rendered
from frugal.cost.report.words import clean
from tests.cost import samples
from tests.cost.any_estimate import ESTIMATES

READER = MarkdownIt("commonmark").enable("table")


def markdown(estimate) -> str:
    return rendered(bill_report(estimate, "The bill of prod"))


def tables(text: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    for token in READER.parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level > 3:
            found[-1][-1].append("".join(one.content for one in token.children or ()))
    return found


def test_the_change_is_the_headline() -> None:
    assert markdown(samples.switch()).startswith(
        "### 34.22 → 114.27 USD a month expected (+80.05)\n"
    )
    assert markdown(samples.first()).startswith("### 114.27 USD a month expected\n")
    assert markdown(samples.unchanged()).startswith("### 114.27 USD a month expected, as before\n")


def test_totals_resources_and_lines_are_tables() -> None:
    totals, resources, lines = tables(markdown(samples.switch()))

    assert totals[0] == ["USD a month", "Before", "After", "Change", "A year"]
    assert totals[3] == ["Expected", "34.22", "114.27", "+80.05", "1,371.18"]
    assert resources[1] == [
        "~ translator (web:AppServicePlan)<br>↳ sku.name B1 → P0v3",
        *("56.58", "56.58", "56.58", "+44.17"),
    ]
    assert resources[-1] == ["Total", "112.66", "114.27", "↑281.14", "+80.05"]
    assert [
        *("~ translator (web:AppServicePlan)<br>↳ sku.name B1 → P0v3", "", ""),
        *("56.58", "56.58", "56.58", "+44.17"),
    ] in lines
    assert [
        *("+ P0v3 App", "730", "0.0775 / hour"),
        *("56.58", "56.58", "56.58", "+56.58"),
    ] in lines
    assert len(lines) == 1 + 7 + len(samples.LINES) + 1


def test_details_are_folded() -> None:
    text = markdown(samples.switch())
    folded = re.findall(r"<details><summary>(.*?)</summary>\n\n", text)
    assert folded == [
        "Line by line",
        "5 figures of use by default, not your own",
        "5 resources free",
        "5 resources of other providers, which are not priced",
        "Sources of the prices",
    ]
    assert text.count("\n\n</details>") == len(folded)


def test_what_has_no_price_comes_before_the_tables() -> None:
    text = markdown(samples.gaps())
    assert "> **2 resources without a price, in no figure here:**" in text
    assert text.index("[!CAUTION]") < text.index("| USD a month |")
    assert "**Total of the priced resources**" in text


@pytest.mark.parametrize("sample", [samples.switch, samples.first, samples.hostile, samples.tiered])
def test_every_row_has_every_cell(sample) -> None:
    found = tables(markdown(sample()))
    assert len(found) == 3
    for table in found:
        assert len({len(row) for row in table}) == 1


def test_text_of_the_plan_is_never_markup() -> None:
    shown = READER.render(escaped(samples.MARKUP))
    assert re.sub(r"<!-- -->", "", shown).strip() == (
        "<p>" + "</p>".join([_as_text(clean(samples.MARKUP)), ""])
    )
    tags = set(re.findall(r"<(/?[a-z0-9]+)", READER.render(markdown(samples.hostile()))))
    assert {tag.strip("/") for tag in tags} <= {
        *("h3", "h4", "p", "strong", "ul", "li", "blockquote", "br", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }


def _as_text(text: str) -> str:
    for char, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}.items():
        text = text.replace(char, entity)
    return text


def test_nobody_is_called_and_no_issue_is_linked() -> None:
    assert escaped("@octo #12") == r"@<!-- -->octo \#<!-- -->12"


@settings(max_examples=30)
@given(ESTIMATES)
def test_any_estimate_makes_a_comment(estimate) -> None:
    markdown(estimate).encode()
