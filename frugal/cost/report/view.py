"""What every printed report shows, arranged: resources, totals, remarks, each with its words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from frugal.cost.estimate import Assumption, Change, Estimate, Line, Remark
from frugal.cost.money import EXACT, NOTHING, Range, difference, plain, rounded, total
from frugal.cost.report.words import TIMES, clean, count

MONTHS = Decimal(12)


@dataclass(frozen=True, slots=True)
class Resource:
    """The lines of one resource, with their sums."""

    name: str
    type: str
    lines: Sequence[Line]
    monthly: Range
    before: Range

    @property
    def delta(self) -> Decimal:
        """Change of what is expected."""
        return EXACT.subtract(self.monthly.expected, self.before.expected)

    @property
    def change(self) -> Change:
        """That of its lines where they agree."""
        first = self.lines[0].change
        return first if all(line.change == first for line in self.lines) else "changed"

    @property
    def reason(self) -> str:
        """That of its lines where they all have the same, said once."""
        first = reason(self.lines[0])
        return first if all(reason(line) == first for line in self.lines) else ""

    @property
    def grows(self) -> bool:
        """Whether no declared limit holds one of its meters."""
        return any(line.grows for line in self.lines)


def resources(estimate: Estimate) -> list[Resource]:
    """By resource; the heaviest first, by what is expected, then by what it was."""
    lines: dict[str, list[Line]] = {}
    for line in estimate.lines:
        lines.setdefault(line.resource, []).append(line)
    found = [_resource(own) for own in lines.values()]
    return sorted(found, key=lambda one: (-one.monthly.expected, -one.before.expected, one.name))


def _resource(lines: Sequence[Line]) -> Resource:
    return Resource(
        name=clean(lines[0].name),
        type=short_type(lines[0].type),
        lines=lines,
        monthly=total(line.monthly for line in lines),
        before=total(line.before for line in lines),
    )


def reason(line: Line) -> str:
    """Why it changed, where that says more than the mark beside it does."""
    told = clean(line.reason)
    return "" if told in {line.change, "new"} else told


def change_of(line: Line) -> Decimal:
    """Change of what is expected of one line."""
    return difference(line.monthly, line.before).expected


def short_type(token: str) -> str:
    """`azure-native:web/v20240401:WebApp` is `web:WebApp`; other providers keep their name."""
    provider, _, rest = clean(token).partition(":")
    module, _, name = rest.partition(":")
    return f"{module.partition('/')[0]}:{name}" if provider == "azure-native" else clean(token)


def grows(estimate: Estimate) -> bool:
    """Whether the whole bill has no limit."""
    return any(line.grows for line in estimate.lines)


def from_nothing(estimate: Estimate) -> bool:
    """Whether there was no bill before: then a report has nothing to compare with."""
    return estimate.before == NOTHING


def headers(estimate: Estimate) -> Sequence[str]:
    """Of the columns of `figures`."""
    if from_nothing(estimate):
        return ("A month", "A year")
    return ("Before", "After", "Change", "A year")


def total_title(estimate: Estimate) -> str:
    """What the sum of all lines is called."""
    return "Total of what is priced" if estimate.unpriced else "Total"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the whole bill: before, after, the change, and for a year.

    `grows`: it is no limit of what may come.
    """

    label: str
    means: str
    before: Decimal
    after: Decimal
    grows: bool = False

    @property
    def change(self) -> Decimal:
        """After minus before."""
        return EXACT.subtract(self.after, self.before)

    @property
    def year(self) -> Decimal:
        """Twelve months of what it is after."""
        return EXACT.multiply(self.after, MONTHS)


def figures(estimate: Estimate) -> tuple[Figure, ...]:
    """Fixed and driven by use, which make what is expected; and the most that is declared."""
    before, after = estimate.before, estimate.monthly
    minus = EXACT.subtract
    return (
        Figure("Fixed (low)", "nobody visits", before.low, after.low),
        Figure(
            "Driven by use",
            "expected beyond that",
            minus(before.expected, before.low),
            minus(after.expected, after.low),
        ),
        Figure("Expected", "", before.expected, after.expected),
        Figure("High", "declared limits used all month", before.high, after.high, grows(estimate)),
    )


def headline(estimate: Estimate) -> str:
    """The bill in a line: what is expected, how it changes, and that it is not whole."""
    text = f"{rounded(estimate.monthly.expected)} {clean(estimate.currency)} a month expected"
    if not from_nothing(estimate):
        before, delta = estimate.before.expected, estimate.delta.expected
        change = (
            f"{rounded(delta, sign=True)} (before: {rounded(before)})" if delta else "as before"
        )
        text += f", {change}"
    if estimate.unpriced:
        text += f", and what {count(estimate.unpriced, 'unpriced resource')} cost"
        text += "s" if len(estimate.unpriced) == 1 else ""
    return text


def unpriced(estimate: Estimate) -> str:
    """How many resources no figure holds."""
    if len(estimate.unpriced) == 1:
        return "1 resource is unpriced: what it costs is in no figure here"
    return f"{len(estimate.unpriced)} resources are unpriced: what they cost is in no figure here"


def by_reason(remarks: Iterable[Remark]) -> Mapping[str, list[str]]:
    """Reason → the resources that it holds for, each with its type."""
    found: dict[str, list[str]] = {}
    for one in remarks:
        found.setdefault(clean(one.reason), []).append(labelled(one))
    return found


def labelled(remark: Remark) -> str:
    """`data (resources:ResourceGroup)`."""
    return f"{clean(remark.name)} ({short_type(remark.type)})"


def by_provider(remarks: Iterable[Remark]) -> Mapping[str, list[str]]:
    """Provider, with how many there are → its types, with theirs; the most frequent first."""
    types: dict[str, Counter[str]] = {}
    for one in remarks:
        provider, _, rest = clean(one.type).partition(":")
        types.setdefault(provider, Counter())[rest or provider] += 1
    return {
        f"{provider} ({found.total()})": [
            kind if number == 1 else f"{kind} {TIMES} {number}"
            for kind, number in found.most_common()
        ]
        for provider, found in sorted(types.items(), key=lambda one: (-one[1].total(), one[0]))
    }


def others(estimate: Estimate) -> str:
    """How many resources are of providers whose prices are not known here."""
    return f"{count(estimate.other, 'resource')} of other providers, which are not priced"


def free(estimate: Estimate) -> str:
    """How many resources cost nothing."""
    return f"{count(estimate.free, 'resource')} free"


def by_name(assumptions: Iterable[Assumption]) -> Mapping[str, list[Assumption]]:
    """The figures of use that are defaults, by resource."""
    found: dict[str, list[Assumption]] = {}
    for one in assumptions:
        found.setdefault(clean(one.name), []).append(one)
    return found


def defaults(estimate: Estimate) -> str:
    """How many figures the owner did not give."""
    match len(estimate.assumptions):
        case 0:
            return "No figure of use is a default"
        case 1:
            return "1 figure of use is a default, not your own"
        case many:
            return f"{many} figures of use are defaults, not your own"


def alerts(estimate: Estimate) -> list[str]:
    """Which notifications of each budget the estimate sets off."""
    found: dict[str, list[str]] = {}
    for one in estimate.alerts:
        budget = f"Budget {clean(one.budget)} of {rounded(one.amount)}"
        found.setdefault(budget, []).append(f"{plain(one.percent)} % ({clean(one.kind).lower()})")
    return [
        f"{budget}: {count(told, 'alert')} would go off, at {', '.join(told)}"
        for budget, told in found.items()
    ]


def sources(estimate: Estimate) -> list[str]:
    """Where the prices come from, each once."""
    return list(dict.fromkeys(clean(line.source) for line in estimate.lines if line.source))


def date_of_prices(estimate: Estimate) -> str:
    """Of which day the prices are, and what a month is taken to be."""
    return (
        f"List prices in {clean(estimate.currency)} as of {estimate.prices_as_of.isoformat()}; "
        f"a month is {clean(estimate.month)}"
    )
