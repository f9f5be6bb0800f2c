"""A short round for the first page, translated by hand."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from translator.drift import drift


@dataclass(frozen=True)
class Example:
    """A phrase and its translations, each with its language; the last one is the end."""

    message: str
    hops: tuple[tuple[str, str], ...]

    @property
    def end(self) -> str:
        """The phrase that came back."""
        return self.hops[-1][1]

    @cached_property
    def drift(self) -> int:
        """Distance between both, as of every round."""
        return drift(self.message, self.end)


EXAMPLE: Final = Example(
    "Let sleeping dogs lie.",
    (
        ("de", "Schlafende Hunde soll man nicht wecken."),
        ("fr", "Il ne faut pas réveiller les chiens qui dorment."),
        ("es", "No despiertes a los perros dormidos."),
        ("ja", "眠っている犬を起こさないで。"),
        ("en", "Don't wake the sleepy dogs."),
    ),
)
