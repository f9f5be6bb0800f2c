"""Autoscale settings of Azure Monitor: free, and the limits of what they scale.

Whatever is declared, a setting takes the number of instances between its minimum and maximum.
"""

from decimal import Decimal

from frugal.cost.meters.base import Use
from frugal.cost.money import ZERO


def limits(use: Use, kind: str) -> tuple[Decimal, Decimal]:
    """Least and most instances by the settings of the program; zeros without one.

    `kind`: part of the scaled resource's id, such as `serverfarms`. That id is seldom known before
    the deployment; unless it is of another kind, the setting counts.
    """
    least = most = ZERO
    for setting in use.beside.get("monitor:AutoscaleSetting", ()):
        target = str(setting.content.get("targetResourceUri")).lower()
        is_other = "/providers/" in target and f"/{kind}/" not in target
        if is_other or (setting.names("enabled") and not setting.flag("enabled")):
            continue
        profiles = list(setting.blocks("profiles"))
        fewest = [profile.whole("capacity.minimum", "0") for profile in profiles]
        least = max(least, min(fewest, default=ZERO))
        most = max([most, *(profile.whole("capacity.maximum", "0") for profile in profiles)])
    if most:
        use.notes.append(f"counted with the {least} to {most} instances of an autoscale setting")
    return least, most
