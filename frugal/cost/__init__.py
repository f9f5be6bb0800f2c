"""Price any azure-native plan: `price(plan, usage, month)` gives an `Estimate`.

The one door: other packages import these names, and `frugal.cost.report` to show an estimate. It
takes a tenth of a second to import, so a command imports it only if it prices something.
"""

from frugal.cost.collector import gc_paused
from frugal.cost.estimate import Estimate
from frugal.cost.events import failure_of
from frugal.cost.limit import UNPRICED, refuse_above, verdict
from frugal.cost.money import plain, rounded
from frugal.cost.month import calendar_month, usual
from frugal.cost.plan import Plan, from_resources, from_state, parse, resource
from frugal.cost.preview import from_preview
from frugal.cost.pricing import price
from frugal.cost.properties import UNKNOWN
from frugal.cost.report.summary import summary
from frugal.cost.usage import load as load_usage
from frugal.cost.usage import template as usage_template

__all__ = [
    "UNKNOWN",
    "UNPRICED",
    "Estimate",
    "Plan",
    "calendar_month",
    "failure_of",
    "from_preview",
    "from_resources",
    "from_state",
    "gc_paused",
    "load_usage",
    "parse",
    "plain",
    "price",
    "refuse_above",
    "resource",
    "rounded",
    "summary",
    "usage_template",
    "usual",
    "verdict",
]
