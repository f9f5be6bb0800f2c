"""Generated names of players."""

import secrets
import unicodedata
import uuid
from importlib import resources
from typing import Final


def _key(text: str) -> str:
    """Normalize a text for comparison without regard to case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


NAMES: Final = tuple(
    (resources.files("translator.names") / "names.txt").read_text(encoding="utf-8").split()
)
_KEYS: Final = tuple(map(_key, NAMES))


def generate(starts_with: str = "") -> str | None:
    """Return a random name that starts with this text in any case; None if none does."""
    wanted = _key(starts_with)
    found = [name for name, key in zip(NAMES, _KEYS, strict=True) if key.startswith(wanted)]
    return secrets.choice(found) if found else None


def for_visitor(visitor: uuid.UUID) -> str:
    """Return a visitor's name, always the same one."""
    return NAMES[visitor.int % len(NAMES)]
