"""Stacks: resources that are deployed together, one file each; and the sites."""

from collections.abc import Sequence

from infra.stacks.homepage import SITE as HOMEPAGE
from infra.stacks.site import Site
from infra.stacks.translator import SITE as TRANSLATOR

# No lower-case name is read here: a site of that name would take its place.
SITES: Sequence[Site] = (
    HOMEPAGE,
    TRANSLATOR,
)
"""Sites of the program, in the order in which they are written to shared resources."""

MODELS = {site.name: site.settings for site in SITES}
"""Models of the sites' settings by their keys."""
