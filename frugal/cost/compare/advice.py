"""Sentences of advice, each computed from the figures and with its condition."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from frugal.cost.compare.crossings import FURTHEST, Comparison, turns
from frugal.cost.compare.ways import Costs, Site, Way
from frugal.cost.money import EXACT, rounded
from frugal.cost.report.words import quantity

_SERVERS = (Way("containerApp"), Way("appService"))
_FILES = Way("staticSite")


def advice(
    site: Site, costs: Costs, priced: Sequence[Way], comparisons: Sequence[Comparison]
) -> Iterator[str]:
    """The cheaper server; files instead of it; whether the edge pays for itself."""
    servers = [way for way in _SERVERS if way in priced]
    if len(servers) < len(_SERVERS):
        yield "No advice on servers: a price of theirs is missing in this region."
        return
    pair = _pair(comparisons, *servers)
    yield _advised(pair, costs, site)
    best = servers[1] if pair.difference > 0 else servers[0]
    if _FILES in priced:
        files = [_pair(comparisons, _FILES, server) for server in servers]
        yield _advised_files(files, servers.index(best), costs, site)
    if Way(best.host, "passes") in priced:
        yield _edge(site, costs, best)


def _pair(comparisons: Sequence[Comparison], first: Way, second: Way) -> Comparison:
    return next(c for c in comparisons if (c.first, c.second) == (first.name, second.name))


def _advised(pair: Comparison, costs: Costs, site: Site) -> str:
    """`As long as …: X saves Y a month`."""
    if not pair.difference:
        return f"At its usage {pair.first} and {pair.second} cost the same."
    names = (pair.first, pair.second)
    cheaper, dearer = names if pair.difference < 0 else names[::-1]
    saved = rounded(abs(pair.difference))
    return (
        f"As long as {_condition(pair, costs, site)}, {cheaper} is cheaper than {dearer}; at its "
        f"usage it saves {saved} {costs.sheet.currency} a month."
    )


def _condition(pair: Comparison, costs: Costs, site: Site) -> str:
    low, high = pair.span
    if low is not None and high is not None:
        more, fewer = (_visits(at, costs, site) for at in (low, high))
        return f"the site has more than {more} and fewer than {fewer}"
    if low is not None:
        return f"the site has more than {_visits(low, costs, site)}"
    if high is not None:
        return f"the site has fewer than {_visits(high, costs, site)}"
    return f"the site has up to {FURTHEST:,} times its visits (no more was looked at)"


def _visits(multiple: Decimal, costs: Costs, site: Site) -> str:
    requests = EXACT.multiply(costs.visits(site).requests, multiple).quantize(Decimal(1))
    return f"{quantity(multiple)} times its visits ({requests:,f} requests a month)"


def _advised_files(pairs: Sequence[Comparison], best: int, costs: Costs, site: Site) -> str:
    """Against the server that is cheaper at the site's usage, up to where any server is cheaper."""
    pair = pairs[best]
    cheaper = all(one.difference < 0 for one in pairs)
    ends = [one.span[1] for one in pairs if one.span[1] is not None]
    told = _advised(pair, costs, site)
    if cheaper and ends:
        saved = rounded(-pair.difference)
        told = (
            f"As long as the site has fewer than {_visits(min(ends), costs, site)}, {pair.first} "
            f"is the cheapest; at its usage it saves {saved} {costs.sheet.currency} a month over "
            f"{pair.second}."
        )
    return f"Where files are enough and nobody has to sign in: {told[0].lower()}{told[1:]}"


def _edge(site: Site, costs: Costs, host: Way) -> str:
    """What the edge costs, and from when on a cache that answers all would pay for it."""

    def cost(way: Way, multiple: Decimal) -> Decimal:
        return costs.bill(site, way, multiple).monthly.expected

    def pays(edge: Way) -> Decimal | None:
        found = turns(lambda at: cost(edge, at), lambda at: cost(host, at))
        return next((turn.at for turn in found if not turn.first_is_dearer), None)

    one = Decimal(1)
    passes, answers = Way(host.host, "passes"), Way(host.host, "answers")
    more = EXACT.subtract(cost(passes, one), cost(host, one))
    told = f"Front Door adds {rounded(more)} {costs.sheet.currency} a month to {host.name}"
    at_best, at_worst = pays(answers), pays(passes)
    if at_best is None:
        return (
            f"{told} and does not pay for itself up to {FURTHEST:,} times the visits, even if its "
            "cache answered them all."
        )
    never = f"not up to {FURTHEST:,} times"
    worst = never if at_worst is None else f"from {quantity(at_worst)} times on"
    return (
        f"{told}. It would pay for itself from {quantity(at_best)} times the visits on if its "
        f"cache answered them all; if it answers none, {worst}."
    )
