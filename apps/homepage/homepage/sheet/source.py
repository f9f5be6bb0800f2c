"""Sources of the spreadsheet, and parsers of their responses.

Either Google's Sheets API with a key (developers.google.com/workspace/sheets/api,
`spreadsheets.values.get`, 2026-11), or worksheets published to the web as CSV, without a key.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import quote

from homepage.failures import BadAnswerError
from homepage.settings import Settings
from homepage.sheet.rows import Row

WORKSHEETS: Final = ("talks", "projects", "interviews")
_MOST_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Source:
    """`urls` by worksheet. The headers may hold a key, so they are not shown."""

    urls: Mapping[str, str]
    form: Literal["values", "csv"]
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


def source(settings: Settings) -> Source | None:
    """The spreadsheet that the settings name; None if they name none."""
    if settings.sheet_id and settings.sheets_api_key:
        values = f"{settings.sheets_base_url}/v4/spreadsheets/{quote(settings.sheet_id, safe='')}"
        return Source(
            urls={name: f"{values}/values/{name}" for name in WORKSHEETS},
            form="values",
            # In a header, where no log of addresses shows it.
            headers={"X-Goog-Api-Key": settings.sheets_api_key.get_secret_value()},
        )
    published = (
        settings.sheet_csv_talks,
        settings.sheet_csv_projects,
        settings.sheet_csv_interviews,
    )
    if all(published):
        return Source(urls=dict(zip(WORKSHEETS, map(str, published), strict=True)), form="csv")
    return None


def rows(body: bytes, form: Literal["values", "csv"]) -> list[Row]:
    """The rows of an answer's body, by the columns that its first row names.

    Cells that are not there are left out: the Sheets API does not send the empty ones at a row's
    end. Raises BadAnswerError if there is no first row with a `title`.
    """
    try:
        text = body.decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text))) if form == "csv" else _values(json.loads(text))
    except (ValueError, RecursionError, csv.Error) as error:
        raise BadAnswerError(f"not {form}: {type(error).__name__}") from None
    columns = [_cell(cell).strip().lower() for cell in table[0]] if table else []
    if "title" not in columns:
        raise BadAnswerError("no first row with a column `title`")
    return [dict(zip(columns, map(_cell, row), strict=False)) for row in table[1 : 1 + _MOST_ROWS]]


def _values(answer: object) -> list[Sequence[object]]:
    values = cast("dict[str, object]", answer).get("values") if isinstance(answer, dict) else None
    table = cast("list[object]", values) if isinstance(values, list) else []
    return [cast("list[object]", row) for row in table if isinstance(row, list)]


def _cell(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
