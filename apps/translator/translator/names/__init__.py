"""Generated names of players."""

import secrets
import unicodedata
import uuid
from importlib import resources
from typing import Final


def _key(text: str) -> str:
    """Normalize a text for comparison without regard to case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


_FILE: Final = resources.files("translator.names") / "names.txt"
NAMES: Final = {name: _key(name) for name in _FILE.read_text(encoding="utf-8").split()}
"""Names as they are shown, each with the form that it is compared by."""
if not NAMES:
    raise SystemExit(f"{_FILE}: must hold at least one name")


def generate(starts_with: str = "") -> str | None:
    """Return a random name that starts with this text in any case; None if none does."""
    wanted = _key(starts_with)
    found = [name for name, key in NAMES.items() if key.startswith(wanted)]
    return secrets.choice(found) if found else None


def for_visitor(visitor: uuid.UUID) -> str:
    """Return a visitor's name, always the same one."""
    return list(NAMES)[visitor.int % len(NAMES)]
