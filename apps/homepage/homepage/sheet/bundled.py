"""The copy of the spreadsheet that comes with the package: `data/*.json`, checked strictly.

A spreadsheet's rows are taken as people leave them (`rows`); a mistake in these files is refused.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Final, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from homepage.sheet.rows import Sheet, as_date, as_link, sheet
from homepage.validation import describe

DATA: Final[Traversable] = resources.files("homepage.sheet") / "data"


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be a date and time with its zone, such as 2026-10-30T09:00:00Z")
    return moment.astimezone(UTC)


def _date(text: str) -> str:
    return text and as_date(text).isoformat()


def _link(text: str) -> str:
    if text and as_link(text) is None:
        raise ValueError("must be an address such as https://www.example.org, or empty")
    return text


_Date = Annotated[str, AfterValidator(_date)]
_Link = Annotated[str, AfterValidator(_link)]


class _Object(BaseModel):
    """An object that has no other keys than its fields."""

    model_config = ConfigDict(str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _only_fields(cls, given: object) -> object:
        if isinstance(given, dict):
            other = cast("dict[str, object]", given).keys() - cls.model_fields.keys()
            if other:
                allowed = ", ".join(cls.model_fields)
                raise ValueError(f"must not have {min(other)!r}; allowed: {allowed}")
        return cast("object", given)


class _Item(_Object):
    title: Annotated[str, Field(min_length=1)]
    date: _Date = ""
    include: str = ""


class _Talk(_Item):
    description: str = ""
    location: str = ""
    slides: _Link = ""
    video: _Link = ""
    tags: str = ""


class _Project(_Item):
    description: str = ""
    homepage: _Link = ""
    source: _Link = ""


class _Interview(_Item):
    url: _Link = ""


class _Worksheet(_Object):
    as_of: Annotated[datetime, BeforeValidator(_moment)]
    rows: list[Any]


class _Talks(_Worksheet):
    rows: list[_Talk]


class _Projects(_Worksheet):
    rows: list[_Project]


class _Interviews(_Worksheet):
    rows: list[_Interview]


_WORKSHEETS: Final = {"talks": _Talks, "projects": _Projects, "interviews": _Interviews}


def load_bundled() -> Sheet:
    """Return the bundled content; its date is that of its oldest worksheet.

    Raises SystemExit with a line for each mistake in the files.
    """
    worksheets: dict[str, _Worksheet] = {}
    wrong: list[str] = []
    for name, model in _WORKSHEETS.items():
        file = DATA / f"{name}.json"
        try:
            worksheets[name] = model.model_validate_json(file.read_bytes())
        except OSError as error:
            wrong.append(
                f"{file}: cannot be read ({error.strerror}); without entries it is "
                '{"as_of": "2026-10-30T09:00:00Z", "rows": []}'
            )
        except ValidationError as error:
            wrong += _lines(str(file), error)
    if wrong:
        raise SystemExit("\n".join(wrong))
    return sheet(
        min(one.as_of for one in worksheets.values()),
        {name: [row.model_dump() for row in one.rows] for name, one in worksheets.items()},
    )


def _lines(file: str, found: ValidationError) -> Iterator[str]:
    """A line for each mistake: file, entry (counted from 1), key and value, and what is allowed."""
    for error in found.errors():
        keys = [f"entry {part + 1}" if isinstance(part, int) else part for part in error["loc"]]
        place = ", ".join([file, *(keys[1:] or keys)])
        given = error["input"] if error["type"] not in {"missing", "json_invalid"} else None
        shown = f"={given!r}" if isinstance(given, str | int | float) else ""
        yield f"{place}{shown}: {describe(error)}"
