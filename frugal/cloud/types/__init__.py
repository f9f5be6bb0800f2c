"""The resource types of the local cloud, one file a service.

Every class here that has a token is a type; all modules here are imported.
"""

import importlib
import pkgutil
from typing import Final

from frugal.cloud.resource_type import KINDS, ResourceType

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)

TYPES: Final[dict[str, ResourceType]] = {
    kind.token: kind() for kind in sorted(KINDS, key=lambda kind: kind.start_round)
}
"""By token, in the order in which their resources come back at a start."""
