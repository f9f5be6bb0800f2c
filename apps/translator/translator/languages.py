"""The languages that a phrase may go through.

`languages.tsv` has their codes, names and directions. The codes are those of Azure AI Translator
(Microsoft's language support page, November 2026): with the script where a language is written in
several; plain zh, sr, mn and no are of an older service. Names and directions are Babel's, which
a test holds them to: Babel itself would take half a second of each start.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Final

ENGLISH: Final = "en"
"""Where each round begins and ends."""


@dataclass(frozen=True)
class Language:
    """`code` is also what HTML's `lang` wants (BCP 47), `direction` (ltr, rtl) its `dir`."""

    code: str
    english: str
    native: str
    direction: str


LANGUAGES: Final = {
    language.code: language
    for language in (
        Language(*line.split("\t"))
        for line in (resources.files("translator") / "languages.tsv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
}
"""By code, English among them."""

FOREIGN: Final = tuple(
    sorted((one for one in LANGUAGES.values() if one.code != ENGLISH), key=lambda one: one.english)
)
"""All but English, by their English names."""

CODES: Final = tuple(sorted(one.code for one in FOREIGN))
