"""A personal homepage: server-rendered, small, and cacheable by anyone in between."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from homepage.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Build the homepage as a WSGI application; without settings it reads the environment."""
    # Not with the package: `python -m homepage` listens before it imports the framework.
    from homepage.app import create_app as create  # noqa: PLC0415

    return create(settings)
