"""Findings of a check, and the placeholder for values not known yet."""

from dataclasses import dataclass


class Unknown:
    """A value not known before the deployment; it satisfies `required`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


@dataclass(frozen=True)
class Finding:
    """One error in a body.

    `path` is the place as the SDK's input names it (`template.containers[0].image`), "" for the
    whole. `message` says what was given and what is allowed, never a secret's value.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
