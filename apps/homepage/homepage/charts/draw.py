"""Drawing: a chart in, the bytes of a PNG out.

`Figure` directly, never pyplot, which keeps every figure for ever
(matplotlib.org/stable/gallery/user_interfaces/web_application_server_sgskip.html, 2026-11).
"""

# matplotlib's functions pass keywords on that have no types.
# pyright: reportUnknownMemberType=false

import io
import textwrap
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import cycle
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from homepage.charts.query import HEIGHTS, Bar, Chart, Pie, shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.text import Text


class _Theme(NamedTuple):
    paper: str
    ink: str
    rule: str
    others: str
    colours: tuple[str, ...]


class _Page(NamedTuple):
    """Measures of a picture: sizes in points, characters of a title's line, names of bars."""

    text: float
    title: float
    line: int
    names: int
    legend_beside: bool


_THEMES: Final = {
    "light": _Theme(
        paper="#fffdf8",
        ink="#1d2524",
        rule="#dcd9cf",
        others="#8f928c",
        colours=(
            "#0b5d57",
            "#c47a1c",
            "#5b7fa6",
            "#a3475a",
            "#6f8a38",
            "#7a5c99",
            "#b5502f",
            "#2f8f86",
            "#274b7a",
            "#c0658f",
            "#7d6a2b",
            "#4a4f56",
        ),
    ),
    "dark": _Theme(
        paper="#1c2324",
        ink="#e9ece7",
        rule="#303a3a",
        others="#7d8784",
        colours=(
            "#7ed0c4",
            "#f0b45f",
            "#8fb4dd",
            "#e58a9b",
            "#b3cf78",
            "#b79bd8",
            "#ee8d68",
            "#3fa79c",
            "#5f8bd0",
            "#f2b6d2",
            "#c9b46a",
            "#c3c9cf",
        ),
    ),
}
_PAGES: Final = {
    800: _Page(text=11, title=15, line=40, names=50, legend_beside=True),
    400: _Page(text=9, title=12, line=26, names=25, legend_beside=False),
}
_LINES: Final = 12
"""The most in a legend: as many as there are colours that can be told apart."""
_COLUMN: Final = 6
"""Lines that are not yet put in two columns below a narrow pie."""
_LEAST: Final = 0.001
_FAMILIES: Final = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "Noto Emoji",
    "Noto Sans",
)
"""The first comes with matplotlib; the others are used where the machine has them."""
_DOTS: Final = 100
"""Pixels an inch, at scale 1."""
_WHOLE_PIXELS: Final = 1.07
"""Width of small letters, which are drawn on whole pixels, by the width that their size says."""
_BOX: Final = "\N{WHITE SQUARE}"
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me"})
"""Categories of joiners, selectors and marks on other characters."""

# One at a time, as a font's glyphs are drawn by a library that keeps one face for everybody; and in
# one thread, as what was one thread's memory does not serve the others.
_drawing: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")


class Picture(NamedTuple):
    """A PNG, and the characters for which it has boxes, as no font here has them."""

    png: bytes
    boxed: str


def draw(chart: Bar | Pie) -> Picture:
    """Draw a chart in the size and the colours that it asks for."""
    return _drawing.submit(_drawn, chart).result()


def _drawn(chart: Bar | Pie) -> Picture:
    with mpl.rc_context(_style(chart.theme, chart.width)):
        size = chart.width / _DOTS, HEIGHTS[chart.width] / _DOTS
        figure = Figure(figsize=size, dpi=_DOTS * chart.scale)
        canvas = FigureCanvasAgg(figure)
        if isinstance(chart, Bar):
            _bars(figure, chart)
        else:
            _slices(figure, chart)
        png = io.BytesIO()
        # Unlike Figure.savefig, which goes through the figure twice.
        canvas.print_png(png)
    boxed = dict.fromkeys(one for one in "".join(chart.texts) if _glyph(one) == _BOX != one)
    return Picture(png.getvalue(), "".join(boxed))


def _bars(figure: Figure, chart: Bar) -> None:
    theme, page = _THEMES[chart.theme], _PAGES[chart.width]
    _title(figure, chart)
    axes: Axes = figure.subplots()
    places = range(len(chart.yvalues))
    axes.bar(places, chart.yvalues, color=theme.colours[0], width=0.7, zorder=2)
    axes.axhline(0, color=theme.ink, linewidth=0.8, zorder=3)
    axes.set_xlim(-0.6, len(places) - 0.4)
    if not any(chart.yvalues):
        axes.set_ylim(0, 1)
        axes.text(0.5, 0.5, "All values are zero", ha="center", transform=axes.transAxes)
    if all(value.is_integer() for value in chart.yvalues):
        axes.locator_params(axis="y", integer=True)
    axes.yaxis.set_major_formatter("{x:,.12g}")
    axes.grid(visible=True, axis="y", color=theme.rule, zorder=0)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(_drawable(chart.xlabel))
    _shrink(axes.xaxis.label, page.text, 0.7 * figure.bbox.width)
    if chart.ylabel:
        # In the middle of the picture: names on end may leave the axis too short for it.
        label = figure.supylabel(_drawable(chart.ylabel), fontsize=page.text)
        _shrink(label, page.text, 0.6 * figure.bbox.height)
    every = ceil(len(places) / page.names)
    axes.set_xticks(places[::every], [_drawable(name) for name in chart.xvalues[::every]])
    _turn_if_too_wide(figure, axes, page.text)
    figure.tight_layout()


def _turn_if_too_wide(figure: Figure, axes: "Axes", size: float) -> None:
    """Put the names of the bars on end where one of them is wider than its part of the axis."""
    names = axes.get_xticklabels()
    boxes = [name.get_window_extent() for name in names]
    widest = max(box.width for box in boxes)
    beside = axes.yaxis.get_tightbbox()
    part = (0.93 * figure.bbox.width - (beside.width if beside else 0)) / len(names)
    if widest > 0.9 * part:
        smaller = min(1, 0.42 * figure.bbox.height / widest, part / boxes[0].height)
        axes.tick_params(axis="x", rotation=90, labelsize=size * smaller)


def _slices(figure: Figure, chart: Pie) -> None:
    theme, page = _THEMES[chart.theme], _PAGES[chart.width]
    parts = shares(chart.values)
    listed = _listed(parts) if chart.labels else range(len(parts))
    colours = dict(zip(listed, cycle(theme.colours), strict=False))
    top = _title(figure, chart) - 0.03
    axes = figure.add_axes((0, 0.03, 1, top - 0.03))
    pie = axes.pie(
        parts,
        colors=[colours.get(place, theme.others) for place in range(len(parts))],
        radius=1.2,
        startangle=90,
        counterclock=False,
        wedgeprops={"edgecolor": theme.paper, "linewidth": 0.7},
    )
    if not chart.labels:
        return
    lines = {pie.wedges[place]: (_drawable(chart.labels[place]), parts[place]) for place in listed}
    if others := [place for place in range(len(parts)) if place not in colours]:
        share = sum(parts[place] for place in others)
        lines[pie.wedges[others[0]]] = f"{len(others)} others", share
    legend = partial(
        figure.legend,
        list(lines),
        [f"{name}  {_percent(share)}" for name, share in lines.values()],
        frameon=False,
        borderpad=0,
        handlelength=1,
        handleheight=1,
    )
    if page.legend_beside:
        axes.set_position((0.02, 0.03, 0.48, top - 0.03))
        beside = partial(legend, loc="center left", bbox_to_anchor=(0.52, 0.5))
        _fitting(figure, beside, page.text, width=0.47, height=top)
    else:
        columns = 1 if len(lines) <= _COLUMN else 2
        below = partial(legend, loc="lower center", ncols=columns, columnspacing=1.5)
        height = _fitting(figure, below, page.text, width=0.97, height=0.42)
        axes.set_position((0, height + 0.05, 1, top - height - 0.05))


def _fitting(
    figure: Figure, legend: "partial[Legend]", size: float, *, width: float, height: float
) -> float:
    """Place a legend, smaller where it would be wider or higher than that, and return its height.

    All but the size are parts of the figure.
    """
    placed = legend(fontsize=size)
    box = placed.get_window_extent()
    over = max(box.width / width / figure.bbox.width, box.height / height / figure.bbox.height)
    if over > 1:
        placed.remove()
        box = legend(fontsize=size / over / _WHOLE_PIXELS).get_window_extent()
    return box.height / figure.bbox.height


def _listed(parts: list[float]) -> list[int]:
    """Places of the slices that have a line of their own in the legend.

    All of them, or else the largest; the last line is for the rest together.
    """
    if len(parts) <= _LINES:
        return list(range(len(parts)))
    return sorted(sorted(range(len(parts)), key=lambda place: -parts[place])[: _LINES - 1])


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < _LEAST else f"{share:.1%}"


def _title(figure: Figure, chart: Chart) -> float:
    """Write the title, and return where it ends: the part of the figure that is below it."""
    if not chart.title:
        return 1
    page = _PAGES[chart.width]
    text = textwrap.fill(_drawable(chart.title), page.line)
    title = figure.suptitle(text, fontsize=page.title, fontweight="bold")
    _shrink(title, page.title, 0.96 * figure.bbox.width)
    return title.get_window_extent().y0 / figure.bbox.height


def _shrink(text: "Text", size: float, room: float) -> None:
    """Make a text of that size smaller if it is longer than `room` pixels."""
    box = text.get_window_extent()
    longest = max(box.width, box.height)
    if longest > room:
        text.set_fontsize(size * room / longest / _WHOLE_PIXELS)


def _drawable(text: str) -> str:
    """Replace each character that no font here has by a box; invisible ones are left out."""
    return "".join(map(_glyph, text))


def _glyph(character: str) -> str:
    if ord(character) in _characters():
        return character
    return "" if unicodedata.category(character) in _INVISIBLE else _BOX


@cache
def _fonts() -> tuple[str, ...]:
    there = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(family for family in _FAMILIES if family in there)


@cache
def _characters() -> frozenset[int]:
    found: set[int] = set()
    for family in _fonts():
        found |= font_manager.get_font(font_manager.findfont(family)).get_charmap().keys()
    return frozenset(found)


@cache
def _style(theme: str, width: int) -> dict[Any, Any]:
    colours = _THEMES[theme]
    return {
        "font.family": list(_fonts()),
        "font.size": _PAGES[width].text,
        "text.color": colours.ink,
        "figure.facecolor": colours.paper,
        "axes.labelcolor": colours.ink,
        "axes.facecolor": colours.paper,
        "xtick.color": colours.ink,
        "ytick.color": colours.ink,
        # A label is text, whatever is in it.
        "text.parse_math": False,
        "text.usetex": False,
    }
