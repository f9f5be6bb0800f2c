"""Traffic to the internet, of all resources of a subscription together."""

from frugal.cost.meters.base import Meter, grant

EGRESS = Meter("Bandwidth", "Rtn Preference: MGN", "Standard", "Standard Data Transfer Out", "1 GB")

grant(100, EGRESS, what="100 GB to the internet", elsewhere="egress_gb")
