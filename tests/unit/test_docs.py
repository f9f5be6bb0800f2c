"""Generated blocks of the documentation, and its links."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tools.docs import BILLS, FILES, ROOT, TABLES, find, renew, short_bill

PAGES = sorted(
    chain.from_iterable(
        map(ROOT.glob, ("*.md", "docs/**/*.md", "apps/*/*.md", "findings/*.md", "tools/*/*.md"))
    )
)


def test_every_block_is_somewhere_and_no_other() -> None:
    names = [name for file in FILES for name in find(file.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted([*TABLES, *BILLS])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_tables_are_those_of_the_code(file) -> None:
    text = file.read_text(encoding="utf-8")
    assert renew(text, TABLES) == text, f"{file.name} is out of date: run `make docs`"


def test_a_block_is_renewed_in_its_place() -> None:
    text = (
        "a\n<!-- make docs: one -->\nold\n<!-- end -->\nb\n<!-- make docs: two -->\n<!-- end -->\n"
    )
    assert find(text) == {"one": "old\n", "two": ""}
    assert renew(text, {"one": lambda: "new\n"}) == text.replace("old", "new")


def test_the_short_bill_is_that_of_the_whole_ones() -> None:
    readme, cost = (find(file.read_text()) for file in (ROOT / "README.md", ROOT / "docs/cost.md"))
    bills = {name: cost[f"bill of {name}"] for name in ("dev", "prod")}
    assert readme["short bill"] == short_bill(bills)
    assert "**Total**" in readme["short bill"]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_file_and_a_heading_of_it(page: Path) -> None:
    lost: list[str] = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if "://" not in link and not (
            target.exists() and (not heading or heading in headings(target))
        ):
            lost.append(link)
    assert lost == []


def headings(page: Path) -> set[str]:
    """Anchors that GitHub gives to a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one).lower().replace(" ", "-") for one in found}
