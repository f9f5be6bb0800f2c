"""Newest posts of a blog that is elsewhere, from its feed."""

from functools import partial
from typing import Final

from flask import Flask, current_app

from homepage.blog.feed import Blog
from homepage.settings import Settings
from homepage.store import Store

_EXTENSION: Final = "blog"
_NONE: Final = Blog(url=None, posts=())


def register(app: Flask, settings: Settings) -> None:
    """Give the app the blog that the settings name, if they name one."""
    app.extensions[_EXTENSION] = None
    if settings.blog_feed:
        # The HTTP client, a tenth of the start's imports.
        from homepage.blog.fetch import read  # noqa: PLC0415

        fetch = partial(read, settings.blog_feed)
        app.extensions[_EXTENSION] = Store("blog's feed", fetch, _NONE)


def content() -> Store[Blog] | None:
    """The blog of the app that answers the current request; None without one."""
    return current_app.extensions[_EXTENSION]
