"""A personal homepage: server-rendered, small, and cacheable by anyone in between."""

from homepage.app import create_app

__all__ = ["create_app"]
