"""Translation Telephone, so far: messages that are kept, and names for those who send them."""

from translator.app import create_app

__all__ = ["create_app"]
