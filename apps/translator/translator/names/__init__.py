"""Names for players who gave none."""

import secrets
import unicodedata
import uuid
from importlib import resources
from typing import Final


def _key(text: str) -> str:
    """What is compared: neither case nor the way an accent is encoded makes a difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


NAMES: Final = tuple(
    (resources.files("translator.names") / "names.txt").read_text(encoding="utf-8").split()
)
_KEYS: Final = tuple(map(_key, NAMES))


def generate(starts_with: str = "") -> str | None:
    """One of the names, by chance, that starts with this text in any case; None if none does."""
    wanted = _key(starts_with)
    found = [name for name, key in zip(NAMES, _KEYS, strict=True) if key.startswith(wanted)]
    return secrets.choice(found) if found else None


def for_visitor(visitor: uuid.UUID) -> str:
    """The name of somebody who gave none: always the same one."""
    return NAMES[visitor.int % len(NAMES)]
