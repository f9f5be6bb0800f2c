"""Translation without a translator: a text is misheard a little, always in the same way.

It is a simulation and says so: a word gives way to one that means nearly the same, two words
change places, a word is lost or said twice, a letter slips; and the letters are those of the other
language where that has an alphabet of its own.
"""

import random
import re
from collections.abc import Callable
from importlib import resources
from typing import Final

from translator.translation import Translation, scripts

_KEPT: Final = 0.35
"""Probability that a hop leaves a text unchanged."""
_LONGEST: Final = 400
"""Characters; a text that is so long grows no more."""


def _neighbours() -> dict[str, list[str]]:
    """Word → words that mean nearly the same; each line of the file is one such family."""
    found: dict[str, list[str]] = {}
    text = (resources.files("translator.translation") / "words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        family = line.split()
        for word in family:
            found.setdefault(word, []).extend(other for other in family if other != word)
    return found


_NEIGHBOURS: Final = _neighbours()
_WORD: Final = re.compile(r"[^\W\d_]+")
_VOWELS: Final = "aeiou"


class Offline:
    """The provider `offline`."""

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:
        """Change a text a little, the same way for the same arguments."""
        chance = random.Random(f"{seed}/{source}/{target}/{text}")  # noqa: S311  # a game
        plain = scripts.read(text, source)
        if chance.random() >= _KEPT:
            changes = list(_CHANGES)
            chance.shuffle(changes)
            for change in changes:
                changed = change(plain, chance)
                grown = len(changed) > max(len(plain), _LONGEST)
                if changed != plain and changed.strip() and not grown:
                    plain = changed
                    break
        return Translation(scripts.write(_sentence(plain), target), "offline")


def _sentence(text: str) -> str:
    """Capitalize the beginning, as some alphabets have no capitals."""
    return text[:1].upper() + text[1:]


def _another_word(text: str, chance: random.Random) -> str:
    known = [found for found in _WORD.finditer(text) if found[0].lower() in _NEIGHBOURS]
    if not known:
        return text
    found = chance.choice(known)
    word = chance.choice(_NEIGHBOURS[found[0].lower()])
    if found[0][0].isupper():
        word = word.capitalize()
    return text[: found.start()] + word + text[found.end() :]


def _swapped(text: str, chance: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if len(words) < 3:  # noqa: PLR2004  # of two words the order is too much of the sense
        return text
    at = chance.randrange(1, len(words) - 1)
    one, other = words[at], words[at + 1]
    between = text[one.end() : other.start()]
    return text[: one.start()] + other[0] + between + one[0] + text[other.end() :]


def _lost(text: str, chance: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if len(words) < 4:  # noqa: PLR2004  # of so little nothing may be lost
        return text
    gone = chance.choice(words[1:])
    return text[: gone.start()].rstrip() + text[gone.end() :]


def _slipped(text: str, chance: random.Random) -> str:
    inside = [at for at, letter in enumerate(text) if letter in _VOWELS]
    if not inside:
        return text
    at = chance.choice(inside)
    return text[:at] + chance.choice(_VOWELS.replace(text[at], "")) + text[at + 1 :]


def _said_twice(text: str, chance: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = chance.choice(words)
    return f"{text[: word.end()]} {word[0].lower()}{text[word.end() :]}"


_CHANGES: Final[tuple[Callable[[str, random.Random], str], ...]] = (
    _another_word,
    _another_word,
    _another_word,
    _swapped,
    _lost,
    _slipped,
    _said_twice,
)
