"""Child processes of the daemon: under the right user, and ended with the daemon."""

from frugal.cloud.spawn.accounts import Accounts
from frugal.cloud.spawn.output import printing
from frugal.cloud.spawn.reaper import Reaper, RunAs

__all__ = ["Accounts", "Reaper", "RunAs", "printing"]
