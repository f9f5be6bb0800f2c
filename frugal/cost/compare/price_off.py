"""The price-off of January 2023 with which these two sites began, held against list prices.

Their first owner told what each part had cost in that month (blog.pamelafox.org, March 2023): the
homepage on Container Apps behind the classic CDN, the translator on App Service with PostgreSQL.
No use was told, so what is billed by use cannot be computed anew, and nothing is fitted to it.

List prices: a day of the registry 0.1666, an hour of B1 0.017, an hour of B1ms 0.017, a GB of its
storage 0.115 USD in eastus, as the sheet has them; Infracost's expected outputs of earlier years
(registry: 5.00 for 30 days; B1: 2024; B1ms: 2025) agree to the cent. A reading of January 2023
itself is not at hand, and the region was not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from frugal.cost.compare.ways import DATABASE, EDGE, REGISTRY, Costs, Way
from frugal.cost.estimate import Estimate
from frugal.cost.meters.front_door import ZONE
from frugal.cost.money import EXACT, quotient, rounded, total
from frugal.cost.month import calendar_month
from frugal.cost.report.words import price

_MONTH = calendar_month("2023-01")
_REGISTRY_DAY = Decimal("0.1666")
_B1_HOUR = Decimal("0.017")
_B1MS_HOUR = Decimal("0.017")
_STORAGE_GB, _STORAGE_PRICE = Decimal(32), Decimal("0.115")
_BILLS = {
    "registry": Decimal("5.15"),
    "apps": Decimal("3.23"),
    "edge": Decimal("0.00"),
    "plan": Decimal("12.11"),
}
_LATER_DATABASE = Decimal(13)


@dataclass(frozen=True, slots=True)
class Item:
    """A part of that month's bill, in USD; None is unknown, not zero.

    `then`: what the list price makes of the month; `how`: by which arithmetic; `billed`: what the
    owner paid, or was told to expect; `today`: a month of it now; `since`: what has changed.
    """

    what: str
    then: Decimal | None
    how: str
    billed: Decimal
    today: Decimal | None
    since: str

    @property
    def rest(self) -> Decimal | None:
        """Billed minus list price: what nothing here explains."""
        return None if self.then is None else EXACT.subtract(self.billed, self.then)


@dataclass(frozen=True, slots=True)
class PriceOff:
    """The parts, and what is to be said of "halve the cost" by moving the translator."""

    items: Sequence[Item]
    moving: Sequence[str]


def price_off(costs: Costs) -> PriceOff:
    """January 2023, and the same resources today, in the environment's region and usage."""
    # An offer that the owner has now would hide what the database costs after it.
    costs = costs.without_offers()

    def now(meter: str, unit: str, region: str = costs.sizes.location) -> str:
        found = costs.sheet.find(meter, region)
        return f"now {price(found.tiers[0].price)} {unit}" if found else f"unpriced in {region}"

    home = costs.bill("homepage", Way("containerApp", "passes"), Decimal(1))
    game = costs.bill("translator", Way("appService"), Decimal(1))
    hours, days = _MONTH.hours, _MONTH.days
    compute = EXACT.multiply(hours, _B1MS_HOUR)
    storage = EXACT.multiply(_STORAGE_GB, _STORAGE_PRICE)
    items = [
        Item(
            "Container Registry Basic",
            EXACT.multiply(days, _REGISTRY_DAY),
            f"{days} days at {_REGISTRY_DAY}",
            _BILLS["registry"],
            _part(home, REGISTRY),
            now("registry.basic", "a day"),
        ),
        Item(
            "Container Apps, homepage",
            None,
            "its use was not told",
            _BILLS["apps"],
            _part(home, "homepage-app"),
            "today: with the use compared here",
        ),
        Item(
            "CDN, classic",
            None,
            "no base fee; its traffic was not told",
            _BILLS["edge"],
            _part(home, EDGE),
            "gone: no classic profile can be made any more; Front Door Standard has a base fee, "
            + now("front-door.standard-base", "a month", ZONE),
        ),
        Item(
            "App Service B1, translator",
            EXACT.multiply(hours, _B1_HOUR),
            f"{hours} hours at {_B1_HOUR}",
            _BILLS["plan"],
            _part(game, "translator-plan"),
            now("app-service.b1", "an hour"),
        ),
        Item(
            "PostgreSQL B1ms, first twelve months",
            Decimal(0),
            "a twelve-month offer, for one server",
            Decimal("0.00"),
            None,
            "an offer is counted where the usage file says that you have it",
        ),
        Item(
            "PostgreSQL B1ms, then",
            EXACT.add(compute, storage),
            f"{hours} hours at {_B1MS_HOUR}, {_STORAGE_GB} GB at {_STORAGE_PRICE}",
            _LATER_DATABASE,
            _part(game, DATABASE),
            f"without storage it was {price(compute)}; "
            + now("postgres.b1ms", "an hour")
            + ", "
            + now("postgres.storage", "a GB").removeprefix("now "),
        ),
    ]
    return PriceOff(items, _moving(costs))


def _part(bill: Estimate, name: str) -> Decimal | None:
    lines = [line.monthly for line in bill.lines if line.name == name]
    if any(one.name == name for one in bill.unpriced) or not lines:
        return None
    return total(lines).expected


def _moving(costs: Costs) -> Sequence[str]:
    """What moving the translator to Container Apps had to cost to halve the bill; and today."""
    whole = sum(_BILLS.values(), Decimal(0))
    room = EXACT.subtract(EXACT.divide(whole, Decimal(2)), EXACT.subtract(whole, _BILLS["plan"]))
    with_data = EXACT.add(whole, _LATER_DATABASE)
    then = (
        f"Then: of {rounded(whole)} USD App Service was {rounded(_BILLS['plan'])}. Moving the "
        f"translator to Container Apps halved that if it cost {price(room)} or less there; the "
        f"homepage cost {rounded(_BILLS['apps'])}. With the database at about "
        f"{_LATER_DATABASE} USD, in all {rounded(with_data)}, no move could halve it: App Service "
        f"was {_share(_BILLS['plan'], with_data)} % of that."
    )
    homepage = ("homepage", Way("containerApp"))
    before = costs.together([homepage, ("translator", Way("appService"))], data=False)
    after = costs.together([homepage, ("translator", Way("containerApp"))], data=False)
    data = costs.bill("translator", Way("appService"), Decimal(1))
    database = _part(data, DATABASE)
    if before.unpriced or after.unpriced or database is None:
        return then, "Today: not all of it is priced in this region."
    old, new = before.monthly.expected, after.monthly.expected
    saved = EXACT.subtract(old, new)
    return then, (
        f"Today, without edge and database: {rounded(old)} USD for both sites with the translator "
        f"on App Service, {rounded(new)} with both on Container Apps: {_change(saved, old)}. With "
        f"the database ({rounded(database)}): {_change(saved, EXACT.add(old, database))}."
    )


def _change(saved: Decimal, whole: Decimal) -> str:
    if saved <= 0:
        return "no saving"
    return f"{_share(saved, whole)} % less"


def _share(part: Decimal, whole: Decimal) -> str:
    """A percentage, rounded to one place."""
    return str(quotient(EXACT.multiply(part, Decimal(100)), whole).quantize(Decimal("0.1")))
