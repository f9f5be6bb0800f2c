"""Translation word by word from small lists, for a site without a translator.

`words/de.txt` and its like have a line for each word of a language, with the English words that
it may stand for; the word `-` stands for nothing. All translation goes through English: the
German "Schloss" comes out as a castle or as a lock, and that is how phrases change. A word that
no list has stays as it is. `words/en.txt` has the forms of English words.
"""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from translator.languages import ENGLISH, LANGUAGES
from translator.translation import Translation

WORD: Final = re.compile(r"\w+(?:['\u2019-]\w+)*")
_BEGINNING: Final = re.compile(r"(?:^|(?<=[.!?] ))\w")
_SWAPPED: Final = 0.15
"""Probability that two neighbouring words change places in a hop."""
_NOTHING: Final = "-"
_FIRST: Final = 3
"""A word's first meaning is chosen that many times as often as another."""
_WRITTEN: Final = 3
"""Forms of an English word that are written: of a verb the base, the third person, the past."""

_FILES: Final = resources.files("translator.translation") / "words"


def _read(code: str) -> list[str]:
    return (_FILES / f"{code}.txt").read_text("utf-8").splitlines()


@dataclass(frozen=True)
class WordList:
    """Words of a language: in small letters to their English words, and from those back."""

    english: Mapping[str, Sequence[str]]
    own: Mapping[str, Sequence[str]]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> "WordList":
        """Parse lines: a word of the language, then its English words, the usual one first."""
        english: dict[str, list[str]] = {}
        own: dict[str, list[str]] = {}
        for word, first, *others in map(str.split, lines):
            for meaning in (*(_FIRST * [first]), *others):
                english.setdefault(word.casefold(), []).append(meaning)
                own.setdefault(meaning, []).append(word)
        return cls(english, own)


LISTED: Final = tuple(
    code for code in LANGUAGES if code != ENGLISH and (_FILES / f"{code}.txt").is_file()
)
"""Codes of the languages that have a word list."""


# Read at the first use: all of them take 20 ms of the app's start, and with a translator few rounds
# need any.
@cache
def word_list(code: str) -> WordList:
    """The word list of a language, empty if it has none."""
    return WordList.parse(_read(code) if code in LISTED else ())


@dataclass(frozen=True)
class _English:
    """English words: all forms to their first one, and from that the ones to write."""

    first: Mapping[str, str]
    forms: Mapping[str, Sequence[str]]
    nouns: frozenset[str]
    before_nouns: frozenset[str]

    @classmethod
    def parse(cls, text: Iterable[str]) -> "_English":
        """Parse lines of a kind and its words.

        `noun`, `verb`: forms of a word; `other`: a word, and others that are read as it;
        `before`: words after which a noun needs no article.
        """
        lines = list(map(str.split, text))
        return cls(
            first={
                form.casefold(): words[0]
                for kind, *words in reversed(lines)
                if kind != "before"
                for form in words
            },
            forms={
                words[0]: words[:_WRITTEN]
                for kind, *words in reversed(lines)
                if kind in {"noun", "verb"}
            },
            nouns=frozenset(words[0] for kind, *words in lines if kind == "noun"),
            before_nouns=frozenset(
                word for kind, *words in lines if kind == "before" for word in words
            ),
        )


@cache
def _english() -> _English:
    return _English.parse(_read(ENGLISH))


class Offline:
    """The provider `offline`."""

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:
        """Translate word by word, the same way for the same arguments.

        A target without a list leaves the text in English; `language_of` tells.
        """
        chance = random.Random(f"{seed}/{source}/{target}/{text}")  # noqa: S311  # a game
        gaps, words = WORD.split(text), WORD.findall(text)
        if len(words) > 3 and chance.random() < _SWAPPED:  # noqa: PLR2004  # fewer words lose all sense
            at = chance.randrange(1, len(words) - 1)
            words[at : at + 2] = reversed(words[at : at + 2])
        made, previous = gaps[0], ""
        for word, gap in zip(words, gaps[1:], strict=True):
            own = _word(word, source, target, previous, chance)
            made = made + own + gap if own else made.rstrip() + gap
            previous = own or previous
        made = _BEGINNING.sub(lambda found: found[0].upper(), made.strip())
        return Translation(made if WORD.search(made) else text, "offline")


def _word(word: str, source: str, target: str, previous: str, chance: random.Random) -> str:
    """Translate a word; `previous` is the word before it in the result."""
    plain = word.casefold().replace("\u2019", "'").removesuffix("'s")
    found = word_list(source).english.get(plain, ())
    meanings = found or (_english().first.get(plain, plain),)
    own = word_list(target).own
    if shared := [meaning for meaning in meanings if meaning in own]:
        word = chance.choice(own[chance.choice(shared)])
        return "" if word == _NOTHING else word
    return _write(chance.choice(found), previous, chance) if found else word


def _write(meaning: str, previous: str, chance: random.Random) -> str:
    """Write an English word in one of its forms, a bare noun with an article."""
    english = _english()
    word = chance.choice(english.forms.get(meaning, (meaning,)))
    bare = word in english.nouns and previous.casefold() not in english.before_nouns
    return f"the {word}" if bare else word


def language_of(text: str, target: str) -> str:
    """Return the language of a simulated text: `target`, or English if less than half is in it."""
    words, known = WORD.findall(text), word_list(target).english
    found = sum(word.casefold() in known for word in words)
    return target if words and 2 * found >= len(words) else ENGLISH
