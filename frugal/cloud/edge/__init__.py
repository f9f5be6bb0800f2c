"""The edge: Front Door endpoints on this machine, each a caching proxy."""

from frugal.cloud.edge.endpoint import Endpoint, Route
from frugal.cloud.edge.origin import Origin
from frugal.cloud.edge.policy import CachePolicy

__all__ = ["CachePolicy", "Endpoint", "Origin", "Route"]
