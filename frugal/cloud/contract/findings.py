"""What a check says, and the value that it cannot judge."""

from dataclasses import dataclass


class Unknown:
    """A value not known before the deployment. Required but unknown is as good as given."""

    def __repr__(self) -> str:
        return "UNKNOWN"


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a body.

    `path` is the place as the SDK's input names it (`template.containers[0].image`), "" for the
    whole. `message` says what was given and what is allowed; a secret's value is never in it.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
