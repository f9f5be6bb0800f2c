"""Distance between a round's start and its end."""

import re
import unicodedata
from difflib import SequenceMatcher
from typing import Final

_WORD: Final = re.compile(r"\w+(?:['\u2019]\w+)*")


def drift(start: str, end: str) -> int:
    """Return 0 for the same words in the same order, up to 100 where none is left in order.

    The share of words, of both texts together, that have no partner in the other. Capitals and
    punctuation do not count, but where a text has no words its characters do.
    """
    one, other = _words(start), _words(end)
    return round(100 * (1 - SequenceMatcher(None, one, other, autojunk=False).ratio()))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _WORD.findall(plain) or list(plain)
