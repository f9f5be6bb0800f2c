"""Meters: the billed quantities of each resource type, one file a service.

A module's import registers its types in `METERS`; all modules here are imported.
"""

import importlib
import pkgutil

from frugal.cost.meters.base import METERS as METERS

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
