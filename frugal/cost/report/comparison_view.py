"""What every printed comparison shows, in words."""

from collections.abc import Iterator, Sequence

from frugal.cost.compare.crossings import FURTHEST, PRECISION, Comparison
from frugal.cost.compare.price_off import Item
from frugal.cost.compare.result import MULTIPLES, Compared, Row
from frugal.cost.money import Range, rounded
from frugal.cost.report import words

COLUMNS = tuple(f"{multiple}{words.TIMES}" for multiple in MULTIPLES)
PRICE_OFF_TITLE = "January 2023, as the sites' first owner told it"
PRICE_OFF_COLUMNS = ("List price", "Bill", "Unexplained", "Today")
UNKNOWN = "unknown"
UNPRICED = "unpriced"


def headline(found: Compared) -> str:
    """What is compared, where, and for how many visits."""
    return (
        f"The {found.site} alone, {found.currency} a month in {found.region} "
        f"({found.environment}), at its usage and at 10 and 100 times of it"
    )


def usage(found: Compared) -> str:
    """The visits of a month, and which figures are the owner's."""
    visits = found.visits
    figures = (
        ("requests", visits.requests, "requests"),
        ("egress_gb", visits.egress_gb, "GB to visitors"),
        ("active_seconds", visits.active_seconds, "active replica-seconds"),
    )
    told = [
        f"{words.quantity(value)} {what}{'' if key in visits.given else ' (a small site)'}"
        for key, value, what in figures
    ]
    return f"Its usage: {', '.join(told)} a month"


def cells(row: Row) -> Iterator[tuple[str, str]]:
    """Expected, and low to high, at each multiple; what is unpriced says so and no figure."""
    for bill in row.bills:
        if bill is None:
            yield UNPRICED, ""
        else:
            low, expected, high = bill
            told = f"{rounded(low)} – {words.high(high, grows=row.grows)}"  # noqa: RUF001 - a range
            yield rounded(expected), told


def unpriced(row: Row) -> Iterator[str]:
    """Why a row has no figure, or none from some multiple on."""
    where = "" if row.unpriced_from in (None, 1) else f" at {row.unpriced_from:,} times and more"
    for one in row.unpriced:
        reason = f"{words.clean(one.name)}: {words.clean(one.reason)}"
        yield f"{row.way.name} is unpriced{where}: {reason}"


def bars(found: Compared, number: int) -> list[tuple[str, Range]]:
    """What has a bar at the multiple of that number."""
    return [(row.way.name, bill) for row in found.rows if (bill := row.bills[number]) is not None]


def crossings(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Where two rows cost the same; those that never do together at the end."""
    found = sorted(
        ((turn.at, one, turn) for one in comparisons for turn in one.turns),
        key=lambda entry: entry[0],
    )
    for at, one, turn in found:
        dearer, cheaper = (one.first, one.second)[:: 1 if turn.first_is_dearer else -1]
        yield f"{words.quantity(at)} times: from there on {dearer} costs more than {cheaper}"
    never = [f"{one.first} and {one.second}" for one in comparisons if not one.turns]
    if never:
        yield f"None up to {FURTHEST:,} times: {'; '.join(never)}"


CROSSINGS_TITLE = "Where two cost the same"
CROSSINGS_MEAN = (
    f"Multiples of its usage from 0.1 to {FURTHEST:,}, rounded up to {words.price(PRECISION)}."
)


def price_off(item: Item) -> tuple[str, str, str, str]:
    """List price, bill, the unexplained rest, today."""
    amounts = (item.then, item.billed, item.rest, item.today)
    texts = [UNKNOWN if one is None else rounded(one) for one in amounts]
    if item.rest is not None:
        texts[2] = rounded(item.rest, sign=True)
    return (texts[0], texts[1], texts[2], texts[3] if item.today is not None else "–")  # noqa: RUF001


def dates(found: Compared) -> str:
    """Of which day the prices are, and what a month is taken to be."""
    return (
        f"List prices in {found.currency} as of {found.prices_as_of.isoformat()}; a month is "
        f"{found.month}"
    )
