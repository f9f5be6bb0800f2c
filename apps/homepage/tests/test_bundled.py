"""The bundled content's shape, and the one message about a mistake in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from homepage.sheet import bundled
from serving import Process

TALK = {"title": "A talk", "date": "2026-09-18", "slides": "https://example.org/x"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of content in the place of the package's: two talks and nothing else."""
    for name in ("talks", "projects", "interviews"):
        rows = [TALK, TALK | {"title": "Über שלום"}] if name == "talks" else []
        content = {"as_of": "2026-10-30T10:00:00+01:00", "rows": rows}
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(bundled, "DATA", tmp_path)
    return tmp_path


def change(folder: Path, **changed: object) -> None:
    """Change the second talk; None takes a key away."""
    file = folder / "talks.json"
    content = json.loads(file.read_text())
    whole = content["rows"][1] | changed
    content["rows"][1] = {key: value for key, value in whole.items() if value is not None}
    file.write_text(json.dumps(content))


def test_the_packages_own_files_are_well() -> None:
    assert bundled.load_bundled().as_of


def test_files_may_be_without_entries_and_in_any_script(data: Path) -> None:
    shown = bundled.load_bundled()
    assert [talk.title for talk in shown.talks] == ["A talk", "Über שלום"]
    assert (shown.projects, shown.interviews) == ((), ())
    assert f"{shown.as_of:%H:%M %Z}" == "09:00 UTC"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"date": "18 Sep 2026"}, ", date='18 Sep 2026': must have one of the forms yyyy-mm-dd, "),
        ({"date": 2026}, ", date=2026: must be text in quotes"),
        ({"slides": "example.org"}, ", slides='example.org': must be an address such as https://"),
        ({"title": " "}, ", title=' ': must not be empty"),
        ({"title": None}, ", title: is required"),
        (
            {"url": "https://x"},
            ": must not have 'url'; allowed: title, date, include, description,",
        ),
    ],
)
def test_a_mistake_is_named_with_file_entry_and_what_is_allowed(
    data: Path, changed: dict[str, object], said: str
) -> None:
    change(data, **changed)
    with pytest.raises(SystemExit) as stopped:
        bundled.load_bundled()
    assert str(stopped.value).startswith(f"{data}/talks.json, entry 2{said}")
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"as_of": "2026-10-30T09:00:00Z"}', ", rows: is required"),
        ('{"as_of": "2026-10-30", "rows": []}', ", as_of='2026-10-30': must be a date and time"),
        ('{"as_of": "2026-10-30T09:00:00Z", "rows": {}}', ", rows: must be a list in brackets"),
        ("[]", ": must be an object in braces"),
        ('{"rows": [', ": must be valid JSON (EOF while parsing a list at line 1 column 10)"),
        (None, ": cannot be read (No such file or directory); without entries it is {"),
    ],
)
def test_a_file_of_another_shape_is_named(data: Path, content: str | None, said: str) -> None:
    file = data / "projects.json"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(SystemExit) as stopped:
        bundled.load_bundled()
    assert str(stopped.value).startswith(f"{file}{said}")


def test_the_app_does_not_start_with_a_mistake(data: Path, serve: Callable[..., Process]) -> None:
    change(data, date="tomorrow")
    here = f"import pathlib, homepage.sheet.bundled as b; b.DATA = pathlib.Path({str(data)!r})"
    with pytest.raises(AssertionError) as failure:
        serve(here)
    assert f"{data}/talks.json, entry 2, date='tomorrow': must have" in str(failure.value)
    assert "Traceback" not in str(failure.value)
