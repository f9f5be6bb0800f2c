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
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from homepage.charts.query import LABEL, Bar, Chart, Pie, shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAPER, _INK, _RULE = "#fffdf8", "#1d2524", "#dcd9cf"
_COLOURS: Final = (
    "#0b5d57",
    "#d08a2c",
    "#5b7fa6",
    "#a3475a",
    "#7d9a46",
    "#7a5c99",
    "#3f9a92",
    "#c7694b",
)
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
_INCHES: Final = (8.0, 4.5)
_DOTS: Final = 100
_UPRIGHT: Final = 8
_LINE: Final = 50
"""More labels than that, or more characters of them than fit a line, stand on end."""
_TITLE_LINE: Final = 40
_MISSING: Final = "\N{WHITE SQUARE}"

# One at a time, as a font's glyphs are drawn by a library that keeps one face for everybody; and in
# one thread, as what was one thread's memory does not serve the others.
_drawing: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")


def draw(chart: Bar | Pie) -> bytes:
    """The chart as a PNG of 800 by 450 pixels."""
    return _drawing.submit(_drawn, chart).result()


def _drawn(chart: Bar | Pie) -> bytes:
    with mpl.rc_context(_style()):
        figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="tight", facecolor=_PAPER)
        axes: Axes = figure.subplots(squeeze=False)[0][0]
        if isinstance(chart, Bar):
            _bars(axes, chart)
        else:
            _slices(axes, chart)
        _title(axes, chart)
        png = io.BytesIO()
        figure.savefig(png, format="png")
    return png.getvalue()


def _bars(axes: "Axes", chart: Bar) -> None:
    places = range(len(chart.yvalues))
    axes.bar(places, chart.yvalues, color=_COLOURS[0], width=0.7, zorder=2)
    axes.axhline(0, color=_INK, linewidth=0.8, zorder=3)
    labels = [drawable(label) for label in chart.xvalues]
    on_end = len(labels) > _UPRIGHT or sum(map(len, labels)) > _LINE
    size = _size(max(map(len, labels))) if on_end else 11
    axes.set_xticks(places, labels, rotation=90 if on_end else 0, fontsize=size)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    if all(value.is_integer() for value in chart.yvalues):
        axes.locator_params(axis="y", integer=True)
    if not any(chart.yvalues):
        axes.set_ylim(0, 1)
    axes.set_xlabel(drawable(chart.xlabel), fontsize=_size(len(chart.xlabel)))
    axes.set_ylabel(drawable(chart.ylabel), fontsize=_size(len(chart.ylabel)))
    axes.grid(visible=True, axis="y", color=_RULE, zorder=0)
    axes.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _slices(axes: "Axes", chart: Pie) -> None:
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(chart.values))]
    axes.pie(
        shares(chart.values),
        labels=[drawable(label) for label in chart.labels] if chart.labels else None,
        colors=colours,
        startangle=90,
        counterclock=False,
        textprops={"fontsize": _size(max(map(len, chart.labels or ("",))))},
        wedgeprops={"edgecolor": _PAPER, "linewidth": 1.5},
    )


def _title(axes: "Axes", chart: Chart) -> None:
    if chart.title:
        text = textwrap.fill(drawable(chart.title), _TITLE_LINE)
        size = 15 if len(chart.title) <= _TITLE_LINE // 2 else 12
        axes.set_title(text, pad=14, fontsize=size, fontweight="bold")


def _size(length: int) -> float:
    """Points of a label, so that the widest letters leave room for the chart."""
    return 11 if length <= LABEL // 2 else 6.5


def drawable(text: str) -> str:
    """The text with a box for each character that no font here has.

    Invisible ones (joiners, selectors) are left out instead.
    """
    return "".join(
        character
        if ord(character) in _characters()
        else ("" if unicodedata.category(character) in {"Cf", "Mn", "Me"} else _MISSING)
        for character in text
    )


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
def _style() -> dict[Any, Any]:
    return {
        "font.family": list(_fonts()),
        "font.size": 11,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.facecolor": _PAPER,
        "xtick.color": _INK,
        "ytick.color": _INK,
        # A label is text, whatever is in it.
        "text.parse_math": False,
        "text.usetex": False,
    }
