"""Placement of a component: its resource group, region and tags."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input


@dataclass(frozen=True, kw_only=True)
class Placement:
    """`group`: name of the resource group; `location`: region, a plain value, as it is priced."""

    group: Input[str]
    location: str
    tags: Mapping[str, str]
