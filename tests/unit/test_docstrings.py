"""Docstrings of the checkout, held against the rule of `make check`."""

from pathlib import Path

import pytest

from tools.docstrings import openings, problems

ROOT = Path(__file__).parents[2]


def test_none_opens_with_a_question_word() -> None:
    assert problems(ROOT) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What this is."""',
        'def f():\n    """Whether it is."""',
        'class C:\n    a: int\n    r"""\n    Where it lies."""',
        'async def f():\n    """which one."""',
    ],
)
def test_a_question_word_is_found(source: str) -> None:
    assert len(list(openings(source))) == 1


@pytest.mark.parametrize(
    "source", ['"""Whole file."""', 'x = "What this is."', "# How", '"""Say what it is."""']
)
def test_other_openings_pass(source: str) -> None:
    assert list(openings(source)) == []


def test_a_problem_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "infra/tests").mkdir(parents=True)
    (tmp_path / "infra/a.py").write_text('x = 1\n"""How it is."""\n')
    (tmp_path / "infra/tests/b.py").write_text('"""How it is."""\n')
    assert [line.split(": ")[0] for line in problems(tmp_path)] == ["infra/a.py:2"]
