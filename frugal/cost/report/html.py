"""A report as one self-contained page: no script, and nothing asked of the network."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frugal.cost.money import Range, rounded
from frugal.cost.report.parts import Block, Report
from frugal.cost.report.words import MARKS, clean

_STEPS = (1, 2, 5)
_MOST_STEPS = 5


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
    """Clean each text before Jinja2 escapes it; leave what a macro rendered."""
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _amount(text: str) -> str:
    """An amount with a true minus, as wide as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def _percent(amount: Decimal, top: Decimal) -> Decimal:
    """The place of an amount on a scale that ends at `top`; on paper, not money."""
    return (amount / top * 100).quantize(Decimal("0.01")) if top else Decimal(0)


def _figures(amounts: Range) -> str:
    low, expected, high = map(rounded, amounts)
    return f"low {low}, expected {expected}, high {high}"


def _ticks(top: Decimal) -> Iterator[Decimal]:
    """Round figures from zero up to `top`: a 1, 2 or 5 and zeros apart."""
    if not top:
        return
    power = Decimal(10) ** (top.adjusted() - 1)
    step = next(
        power * ten * digit
        for ten in (1, 10, 100)
        for digit in _STEPS
        if top / (power * ten * digit) <= _MOST_STEPS
    )
    yield from (step * number for number in range(int(top / step) + 1))


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    finalize=_finalize,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATE = _ENVIRONMENT.get_template("page.html.jinja")
