"""The page as text: what is in it, and what must never be. tests/browser looks at it."""

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings

from frugal.cost.report.bill import bill_report
from frugal.cost.report.html import page
from frugal.cost.report.words import clean
from tests.cost import samples
from tests.cost.any_estimate import ESTIMATES

# What the page is made of; anything else came out of a text.
TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title style body main header section figure figcaption div p h1 h2 small "
        "span i em bdi ul li details summary svg desc rect line circle text "
        "table caption thead tbody tr th td",
    )
)
VOID = {"meta"}


class Read(HTMLParser):
    """A page as a tree; `faults`: what does not close as it should."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("document")
        self.open = [self.root]
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        last = self.open[-1]
        if len(last):
            last[-1].tail = (last[-1].tail or "") + data
        else:
            last.text = (last.text or "") + data


def read(estimate, title: str = "prod") -> Element:
    found = Read(page(bill_report(estimate, title)))
    assert found.faults == []
    return found.root


def words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def rows(root: Element, kind: str) -> list[list[str]]:
    table = next(one for one in root.iter("table") if one.get("class", "").split()[0] == kind)
    return [[words(cell) for cell in one] for one in table.iter("tr")]


def test_the_bill_and_its_change_are_the_headline() -> None:
    root = read(samples.switch())
    assert words(next(root.iter("h1"))) == "prod"
    assert words(next(root.iter("header"))) == ("prod 34.22 → 114.27 USD a month expected (+80.05)")
    assert words(next(root.iter("title"))) == ("prod: 34.22 → 114.27 USD a month expected (+80.05)")


def test_a_row_for_each_line_and_a_sum_for_several() -> None:
    found = rows(read(samples.switch()), "lines")
    assert found[0] == [
        "Resource and meter", "Quantity", "Price of one", "Low", "Expected", "High", "Change",
    ]  # fmt: skip
    assert found[1:4] == [
        [
            "translator web:AppServicePlan ~ changed ↳ sku.name B1 → P0v3",
            *("56.58", "56.58", "56.58", "+44.17"),
        ],
        ["B1 - removed", "0", "0.017 / hour", "0.00", "0.00", "0.00", "\N{MINUS SIGN}12.41"],
        ["P0v3 App + added", "730", "0.0775 / hour", "56.58", "56.58", "56.58", "+56.58"],
    ]
    assert ["registry containerregistry:Registry"] in found
    assert found[-1] == ["Total", "112.66", "114.27", "↑281.14", "+80.05"]


def test_the_whole_bill_is_split_and_given_for_a_year() -> None:
    assert rows(read(samples.switch()), "figures") == [
        ["USD a month", "Before", "After", "Change", "A year"],
        ["Fixed low: nobody visits", "33.50", "112.66", "+79.17", "1,351.96"],
        ["Driven by use beyond the fixed", "0.72", "1.60", "+0.89", "19.22"],
        ["Expected", "34.22", "114.27", "+80.05", "1,371.18"],
        ["High at the declared limits", "201.09", "↑281.14", "+80.05", "3,373.68"],
    ]


def test_planned_from_nothing_has_nothing_to_compare_with() -> None:
    root = read(samples.first())
    assert rows(root, "figures")[0] == ["USD a month", "A month", "A year"]
    assert rows(root, "lines")[0][3:] == ["Low", "Expected", "High"]
    assert list(root.iter("em")) == []


def test_tiers_stand_under_each_other() -> None:
    made = [row[1:3] for row in rows(read(samples.tiered()), "lines")]
    assert ["10,000 40,000 100,000", "0.0825 / GB 0.065 / GB 0.056 / GB"] in made


def test_what_has_no_price_comes_before_every_figure_but_the_first() -> None:
    main = next(read(samples.gaps()).iter("main"))
    assert [one.get("class") for one in main][1:4] == ["loud warning", "loud missing", "overview"]
    assert words(main[2]) == (
        "2 resources without a price, in no figure here: "
        "jobs (web:AppServicePlan): sku.name 'I1v2' has no price here "
        "cache (redis:Redis): this type has no price here"
    )


def test_bars_have_the_length_of_what_they_show() -> None:
    root = read(samples.switch())
    before, after = (
        one for one in root.iter("svg") if one.findtext("title") in {"Before", "After"}
    )
    share = {one.get("class"): one.get("width") for one in before.iter("rect")}
    # 33.498 and 0.717 of 114.265.
    assert share == {"fixed": "29.32%", "use": "0.62%"}
    ends = [
        float(one.get("x", "")[:-1]) + float(one.get("width", "")[:-1])
        for one in after.iter("rect")
    ]
    assert max(ends) == 100

    homepage = next(one for one in root.iter("svg") if one.findtext("title") == "homepage")
    (bar,) = (one for one in homepage.iter("line") if one.get("class") == "range")
    assert (bar.get("x1"), bar.get("x2")) == ("0.00%", "100.00%")
    assert next(homepage.iter("circle")).get("cx") == "0.70%"  # 0.687 of 98.562
    assert homepage.findtext("desc") == "low 0.00, expected 0.69, high 98.56 USD a month"


@pytest.mark.parametrize("sample", [samples.gaps, samples.first, samples.hostile])
def test_every_picture_and_table_can_be_heard(sample) -> None:
    root = read(sample())
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    for svg in root.iter("svg"):
        if svg.get("aria-hidden") == "true":
            continue
        title, desc = svg[0], svg[1]
        assert (svg.get("role"), title.tag, desc.tag) == ("img", "title", "desc")
        assert svg.get("aria-labelledby", "").split() == [title.get("id"), desc.get("id")]
        assert words(title)
        assert words(desc)
    for table in root.iter("table"):
        assert table[0].tag == "caption"
        assert {one.get("scope") for one in table.iter("th")} <= {"col", "row", "rowgroup"}


@pytest.mark.parametrize("sample", [samples.gaps, samples.hostile])
def test_it_runs_nothing_and_asks_nobody(sample) -> None:
    text = page(bill_report(sample(), samples.MARKUP))
    root = Read(text).root
    policy = next(one for one in root.iter("meta") if one.get("http-equiv"))
    assert policy.get("content") == "default-src 'none'; style-src 'unsafe-inline'"
    for one in root.iter():
        assert not [name for name in one.attrib if name.startswith("on")]
        assert {"src", "href", "srcset", "style", "action"}.isdisjoint(one.attrib)
    assert not re.search(r"url\(|@import|https?:", words(next(root.iter("style"))))


def test_text_of_the_plan_is_never_markup() -> None:
    root = read(samples.hostile(), samples.MARKUP)
    assert {one.tag for one in root.iter()} - {"document"} <= TAGS
    told = clean(samples.MARKUP)
    assert words(next(root.iter("h1"))) == told
    for cell in ("th", "td", "li", "bdi", "title"):
        assert any(told in words(one) for one in root.iter(cell)), cell


@settings(max_examples=30)
@given(ESTIMATES)
def test_any_estimate_makes_a_page(estimate) -> None:
    root = read(estimate)
    assert {one.tag for one in root.iter()} - {"document"} <= TAGS
    assert "-0.00" not in words(root)
    words(root).encode()


def test_an_amount_is_never_a_negative_nothing() -> None:
    assert not re.search(r"[-\N{MINUS SIGN}]0\.00(?!\d)", words(read(samples.unchanged())))
