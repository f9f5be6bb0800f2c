"""Failures of a load; without the HTTP client, whose import takes long."""


class BadAnswerError(Exception):
    """The response does not hold the wanted file; the message says why, and holds no key."""
