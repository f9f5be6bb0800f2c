"""Content for the tests, so that none depends on the words that the package comes with."""

from collections.abc import Mapping
from typing import Final

from translator.translation.offline import word_list

NAMES: Final = {
    name: name.casefold()
    for name in (
        *("Minnie", "Margaret", "Noa", "Noah", "Nestor", "Cleo", "Élodie", "Žofia", "Θεοδώρα"),
        *("Николай", "נועה", "محمد", "देवी", "さくら", "明", "민지"),
    )
}


def word_of(*codes: str) -> str:
    """An English word that the word lists of these languages have."""
    lists = [word_list(code).own for code in codes]
    return next(word for word in lists[0] if all("-" not in own.get(word, "-") for own in lists))


CONTENT: Final[Mapping[str, object]] = {
    "translator.names.NAMES": NAMES,
    "translator.routes.pages.PHRASES": ("A phrase to pick.", "«Größe» & שלום"),
}
"""The words at their modules' places, for `Process`."""
