"""Generated blocks of the documentation."""

import pytest

from tools.docs import BILLS, FILES, TABLES, find, renew


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
