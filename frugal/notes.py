"""Lines of a run that waits for a person; `frugal up` shows them at once."""

import sys

PREFIX = "domain: "
"""Begin of such a line; the engine marks a provider's lines in no other way."""


def note(text: str) -> None:
    """Show a line: Pulumi shows what a dynamic provider writes to standard error."""
    print(f"{PREFIX}{text}", file=sys.stderr, flush=True)
