"""Translation Telephone: a phrase goes through many languages and comes back changed."""

from typing import Final

SITE: Final = "Translation Telephone"
"""Name of the site, `site` in templates."""
