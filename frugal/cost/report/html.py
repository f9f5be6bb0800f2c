"""A report as one self-contained page: no scripts, no network requests."""

from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frugal.cost.money import Range, rounded
from frugal.cost.report.parts import Block, Report
from frugal.cost.report.words import MARKS, clean

_MOST_TICKS = 5


def page(report: Report) -> str:
    """Render all of a report."""
    return _TEMPLATE.render(
        report=report,
        marks=MARKS,
        kind_of=_kind,
        amount=_amount,
        percent=_percent,
        figures=_figures,
        ticks=_ticks,
    ).lstrip()


def _kind(block: Block) -> str:
    return type(block).__name__


def _finalize(value: object) -> object:
    """Clean each text before Jinja2 escapes it; leave the output of macros."""
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _amount(text: str) -> str:
    """An amount with a true minus, as wide as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def _percent(amount: Decimal, top: Decimal) -> Decimal:
    """Position of an amount on a scale that ends at `top`; inexact, for drawing."""
    return (amount / top * 100).quantize(Decimal("0.01")) if top else Decimal(0)


def _figures(amounts: Range) -> str:
    low, expected, high = map(rounded, amounts)
    return f"low {low}, expected {expected}, high {high}"


def _ticks(top: Decimal) -> list[Decimal]:
    """Round figures from zero up to `top`: a 1, 2 or 5 and zeros apart."""
    exponent = top.adjusted() - 1
    steps = (Decimal(digit).scaleb(exponent + more) for more in (0, 1) for digit in (1, 2, 5))
    step = next(step for step in steps if top / step <= _MOST_TICKS)
    return [step * number for number in range(int(top / step) + 1)]


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    finalize=_finalize,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATE = _ENVIRONMENT.get_template("page.html.jinja")
