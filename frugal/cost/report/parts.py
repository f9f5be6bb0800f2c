"""Format-neutral parts of a report, in order and without markup.

Texts may come from a plan: renderers clean and escape each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from frugal.cost.estimate import Change
from frugal.cost.money import Range

Tone = Literal["", "strong", "soft", "more", "less", "missing"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with its tone; `below`: its further lines."""

    text: str = ""
    tone: Tone = ""
    below: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table: its header, and a cell for each further column, or no cells.

    `about`: small print beside the header; `below`: sentences under it; `kind`: a meter belongs to
    the resource above it.
    """

    label: str
    about: str = ""
    below: Sequence[str] = ()
    cells: Sequence[Cell] = ()
    kind: Literal["row", "resource", "meter", "total"] = "row"
    change: Change = "same"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart, in amounts a month; `value`: the text beside it."""

    label: str
    amounts: Range
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on one scale: from zero in two parts (fixed, by use), or from low to high."""

    title: str
    unit: str
    bars: Sequence[Bar]
    kind: Literal["parts", "ranges"] = "parts"
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table. `columns`: titles, with that of the row headers first.

    `asides`: number of columns after the first that explain the row, and are moved under its header
    if the terminal is narrow; `legend`: explanation of the signs; `chart`: the same figures, for a
    format that can draw.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    caption: str = ""
    asides: int = 0
    legend: Sequence[str] = ()
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, the most important first."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """Parts under a title. `folded`: in Markdown only, or in HTML as well."""

    title: str
    blocks: "Sequence[Block]"
    folded: Literal["", "comment", "page"] = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A highlighted warning."""

    tone: Literal["soft", "warning", "missing"]
    title: str = ""
    items: Sequence[str] = ()


Block = Table | Chart | Listing | Paragraph | Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: the summary, and its details.

    `headline`: its words, to be joined by spaces; `intro`: the summary in sentences; `more`: a hint
    for a reader who gets the summary alone.
    """

    title: str
    headline: Sequence[Cell] = ()
    intro: Sequence[Block] = ()
    notices: Sequence[Notice] = ()
    answer: Sequence[Block]
    details: Sequence[Block]
    more: str = ""
