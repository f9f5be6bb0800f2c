"""Translating one text from one language to another: the interface, and what may go wrong.

Providers: `azure` is Azure AI Translator, `azure-simulated` a stand-in that answered in its place
and said so, `offline` our own distortion. The last two are simulated, and are labelled so wherever
their texts are shown.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

Provider = Literal["azure", "azure-simulated", "offline"]
SIMULATED: Final[frozenset[str]] = frozenset({"azure-simulated", "offline"})


@dataclass(frozen=True)
class Translation:
    """A text in the other language, and who made it."""

    text: str
    provider: Provider


class Translating(Protocol):
    """What every provider does."""

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:
        """The text in the language `target`; what makes things up does so by `seed`.

        Raises TranslationError.
        """
        ...


class TranslationError(Exception):
    """The provider has not translated; the message is for the log."""


class BusyError(TranslationError):
    """It asks to be left alone for `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class QuotaError(TranslationError):
    """What the subscription may have translated is used up: asking again soon is no use."""


class RefusedError(TranslationError):
    """It does not translate this, however often it is asked."""
