"""All passing days at once, as tests switch them on."""

from collections.abc import Mapping

PASSING: Mapping[str, Mapping[str, float]] = {
    "server-busy": {"seconds": 4},
    "server-not-accessible": {"seconds": 5},
    "administrator-late": {"seconds": 3},
    "administrator-lost": {"times": 1},
    "administrator-get-404": {"seconds": 5},
    "busy-server": {"seconds": 0.3},
    "busy-environment": {"seconds": 0.3},
    "busy-site": {"seconds": 0.3},
    "busy-profile": {"seconds": 0.3},
    "role-late": {"seconds": 5},
    "job-pull": {"times": 1},
    "throttled": {"every": 7},
    "unavailable": {"every": 11},
    "slow-deletes": {"seconds": 0.5},
    "deleted-account-late": {"seconds": 3},
    "slow-purge": {"seconds": 3},
    "dns-late": {"seconds": 3},
    "certificate-slow": {"seconds": 3},
    "certificate-fails": {"times": 1},
    "docker-hub-limit": {"times": 1},
}
"""For `Daemon.days`; a passing day made endless is `{name: {}}`."""

WAITS: Mapping[str, int] = {"server": 6, "roleAge": 6, "purge": 5, "pullLimit": 1}
"""The setting `waits` of a program that outlasts PASSING: each a little longer than its day."""
