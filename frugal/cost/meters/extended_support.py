"""Extended Support of database versions whose standard support has ended: a price for each vCore.

The days are those of Microsoft's version policies, as endoflife.date read them on 2026-04-09 and
2026-04-11: standard support of PostgreSQL 11 to 13 and of MySQL 5.7 ends on 2026-07-31, of
PostgreSQL 14 on 2026-12-11, of MySQL 8.0 on 2026-12-31. Later versions of PostgreSQL: a month
after the community's last day, as Microsoft's page has it (2026-03-26).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from frugal.cost.month import Month

POSTGRES: Final = {
    "11": dt.date(2026, 8, 1),
    "12": dt.date(2026, 8, 1),
    "13": dt.date(2026, 8, 1),
    "14": dt.date(2026, 12, 12),
    "15": dt.date(2027, 12, 12),
    "16": dt.date(2028, 12, 10),
    "17": dt.date(2029, 12, 9),
    "18": dt.date(2030, 12, 15),
}
MYSQL: Final = {"5.7": dt.date(2026, 8, 1), "8.0": dt.date(2027, 1, 1)}


def applies(version: str, starts: Mapping[str, dt.date], month: Month) -> bool:
    """True for a version in Extended Support in a month, be it for a part of the month."""
    for prefix, start in starts.items():
        if version == prefix or version.startswith(f"{prefix}."):
            return start.replace(day=1) <= month.start
    return False
