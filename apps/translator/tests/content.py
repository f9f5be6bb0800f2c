"""Content for the tests, so that none depends on the words that the package comes with."""

from collections.abc import Mapping
from typing import Final

NAMES: Final = {
    name: name.casefold()
    for name in (
        *("Minnie", "Margaret", "Noa", "Noah", "Nestor", "Cleo", "Élodie", "Žofia", "Θεοδώρα"),
        *("Николай", "נועה", "محمد", "देवी", "さくら", "明", "민지"),
    )
}
CONTENT: Final[Mapping[str, object]] = {
    "translator.names.NAMES": NAMES,
    "translator.routes.pages.PHRASES": ("A phrase to pick.", "«Größe» & שלום"),
}
"""The words at their modules' places, for `Process`."""
