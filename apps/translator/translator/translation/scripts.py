"""Latin letters in other alphabets, one for one: so that simulated Greek looks like Greek.

Each alphabet has a letter for each of a to z, no letter twice, so that there is a way back.
Languages that are not here keep Latin letters.
"""

from typing import Final

_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"

ALPHABETS: Final = {
    ("am",): "አበቸደእፈገሀኢጀከለመነኦፐቀረሰተኡቨወኽየዘ",
    ("ar", "fa", "ur"): "ابچدعفگهيجكلمنوپقرستطڤثخىز",
    ("el",): "αβϲδεφγηιξκλμνοπθρστυϝωχψζ",
    ("he",): "אבצדעפגהיזכלמנוףקרסתטםשחץך",
    ("hy",): "աբցդեֆգհիջկլմնոպքրստւվօխյզ",
    ("ka",): "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ",
    ("bg", "kk", "ky", "mk", "mn-Cyrl", "ru", "sr-Cyrl", "tt", "uk"): "абцдефгхийклмнопярстувшжыз",
}
_WITH_CAPITALS: Final = frozenset({"el", "hy", "ru"})


def _tables() -> dict[str, tuple[dict[int, int], dict[int, int]]]:
    """For each language: from Latin letters to its own, and back."""
    tables: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for languages, letters in ALPHABETS.items():
        capitals = letters.upper() if _WITH_CAPITALS.intersection(languages) else letters
        there = str.maketrans(_LATIN.upper() + _LATIN, capitals + letters)
        # Where there are no capitals, the small letters come last and so win.
        back = str.maketrans(capitals + letters, _LATIN.upper() + _LATIN)
        tables |= dict.fromkeys(languages, (there, back))
    return tables


_TABLES: Final = _tables()


def write(text: str, language: str) -> str:
    """Latin text in the letters of a language."""
    return text.translate(_TABLES[language][0]) if language in _TABLES else text


def read(text: str, language: str) -> str:
    """Back: `read(write(text, language), language)` is the text, but for its capitals."""
    return text.translate(_TABLES[language][1]) if language in _TABLES else text
