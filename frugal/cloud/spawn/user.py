"""Running a program as another user when the daemon is root."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """The user and the groups of a process, the first of them its main one.

    Numbers, which need no name on this machine. Without them the process has the daemon's.
    """

    user: int | None = None
    groups: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The form that the gate takes."""
        return "-" if self.user is None else ":".join(map(str, (self.user, *self.groups)))
