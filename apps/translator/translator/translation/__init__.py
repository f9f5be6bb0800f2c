"""Translation of a text from one language to another: interface and errors.

Providers: `azure` is Azure AI Translator, `azure-simulated` a stand-in that answered in its place
and said so, `offline` our own word lists. The last two are simulated, and pages say so once, where
the simulation begins.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

Provider = Literal["azure", "azure-simulated", "offline"]
SIMULATED: Final[frozenset[str]] = frozenset({"azure-simulated", "offline"})


@dataclass(frozen=True)
class Translation:
    """A translated text and its provider."""

    text: str
    provider: Provider


class Translating(Protocol):
    """Interface of providers."""

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:
        """Translate a text to the language `target`; simulated providers use `seed`.

        Raises TranslationError.
        """
        ...


class TranslationError(Exception):
    """The provider has not translated; the message is for the log."""


class BusyError(TranslationError):
    """The provider asks for a pause of `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class QuotaError(TranslationError):
    """The subscription's quota is used up: retrying soon is of no use."""


class RefusedError(TranslationError):
    """The provider refuses this text or language permanently."""
