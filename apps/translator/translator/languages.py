"""The languages that a phrase may go through.

`languages.tsv` has their codes, names and directions. The codes are those of Azure AI Translator
(Microsoft's language support page, November 2026): with the script where a language is written in
several; plain zh, sr, mn and no belong to an older version. Names and directions are Babel's, as a
test checks; importing Babel would take half a second of each start.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Final

ENGLISH: Final = "en"
"""Language at the start and the end of each round."""


@dataclass(frozen=True)
class Language:
    """`code` (BCP 47) and `direction` (ltr, rtl) are values of HTML's `lang` and `dir`."""

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
