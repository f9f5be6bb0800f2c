"""Recommendations derived from the comparison, each with its condition."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from frugal.cost.compare.break_even import FURTHEST, Comparison, break_even_points
from frugal.cost.compare.options import ONE, Costs, HostingOption
from frugal.cost.money import EXACT, quotient, rounded
from frugal.cost.report.words import quantity

_SERVERS = ("containerApp", "appService")
_FILES = HostingOption("staticSite")


def advice(
    costs: Costs, priced: Sequence[HostingOption], comparisons: Sequence[Comparison]
) -> Iterator[str]:
    """Recommend the cheaper server, files instead of it, and the edge if it pays for itself."""
    servers = [HostingOption(h) for h in _SERVERS if HostingOption(h) in priced]
    if len(servers) < len(_SERVERS):
        yield "No advice on servers: not both of them can be priced here without an edge."
        return
    pair = _pair(comparisons, *servers)
    yield _recommend(pair, costs)
    best = servers[1] if pair.difference > 0 else servers[0]
    if _FILES in priced:
        files = [_pair(comparisons, _FILES, server) for server in servers]
        yield _recommend_files(files, servers.index(best), costs)
    if HostingOption(best.host, "cache_misses") in priced:
        yield _edge(costs, best)


def _pair(
    comparisons: Sequence[Comparison], first: HostingOption, second: HostingOption
) -> Comparison:
    return next(c for c in comparisons if (c.first, c.second) == (first.name, second.name))


def _recommend(pair: Comparison, costs: Costs) -> str:
    """`As long as …: X saves Y a month`."""
    if not pair.difference:
        return f"At its usage {pair.first} and {pair.second} cost the same."
    names = (pair.first, pair.second)
    cheaper, dearer = names if pair.difference < 0 else names[::-1]
    saved = abs(pair.difference)
    bill = next(costs.expected(option) for option in costs.plans if option.name == dearer)
    share = quotient(EXACT.multiply(saved, Decimal(100)), bill).quantize(Decimal("0.1"))
    return (
        f"As long as {_condition(pair, costs)}, {cheaper} is cheaper than {dearer}; at its usage "
        f"it saves {rounded(saved)} {costs.table.currency} a month, {share} % of the bill."
    )


def _condition(pair: Comparison, costs: Costs) -> str:
    low, high = pair.span
    if low is not None and high is not None:
        more, fewer = (_visits(at, costs) for at in (low, high))
        return f"the site has more than {more} and fewer than {fewer}"
    if low is not None:
        return f"the site has more than {_visits(low, costs)}"
    if high is not None:
        return f"the site has fewer than {_visits(high, costs)}"
    return f"the site has up to {quantity(pair.furthest)} times its visits"


def _visits(multiple: Decimal, costs: Costs) -> str:
    requests = EXACT.multiply(costs.visits.requests, multiple).quantize(Decimal(1))
    return f"{quantity(multiple)} times its visits ({requests:,f} requests a month)"


def _recommend_files(pairs: Sequence[Comparison], best: int, costs: Costs) -> str:
    """Against the server that is cheaper at the site's usage, up to where any server is cheaper."""
    pair = pairs[best]
    text = _recommend(pair, costs)
    ends = [one.span[1] for one in pairs if one.span[1] is not None]
    if all(one.difference < 0 for one in pairs) and ends:
        saved = rounded(-pair.difference)
        text = (
            f"As long as the site has fewer than {_visits(min(ends), costs)}, {pair.first} "
            f"is the cheapest; at its usage it saves {saved} {costs.table.currency} a month over "
            f"{pair.second}."
        )
    return f"Where files are enough and nobody has to sign in: {text[0].lower()}{text[1:]}"


def _edge(costs: Costs, host: HostingOption) -> str:
    """Cost of the edge, and the multiple from which a cache that answers all would pay for it."""

    def break_even(edge: HostingOption) -> Decimal | None:
        points = break_even_points(
            lambda at: costs.expected(edge, at), lambda at: costs.expected(host, at)
        )
        return next((point.at for point in points if not point.first_is_dearer), None)

    misses = HostingOption(host.host, "cache_misses")
    hits = HostingOption(host.host, "cache_hits")
    more = EXACT.subtract(costs.expected(misses, ONE), costs.expected(host, ONE))
    text = f"Front Door adds {rounded(more)} {costs.table.currency} a month to {host.name}"
    at_best, at_worst = break_even(hits), break_even(misses)
    if at_best is None:
        return (
            f"{text} and does not pay for itself up to {FURTHEST:,} times the visits, even if its "
            "cache answered them all."
        )
    never = f"not up to {FURTHEST:,} times"
    worst = never if at_worst is None else f"from {quantity(at_worst)} times on"
    return (
        f"{text}. It would pay for itself from {quantity(at_best)} times the visits on if its "
        f"cache answered them all; if it answers none, {worst}."
    )
