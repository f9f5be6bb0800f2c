"""Find docstrings that open with a question word (part of `make check`).

A docstring is an imperative or a noun phrase. Ruff has no rule for that: D401 is about the mood of
verbs. Prints `file:line` of each such docstring; exit code 1 if there are any.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("benchmarks", "frugal", "infra", "tools")
_OPENING = re.compile(r"\s*(What|Where|Who|Whether|How|Why|Which|That|Whose)\b", re.IGNORECASE)
_SKIPPED = {"tests", "node_modules"}


def problems(root: Path) -> list[str]:
    """Return a line for each such docstring in the program, the tool and the apps with tests."""
    apps = [lock.parent for lock in root.glob("apps/*/requirements-dev.lock")]
    return [
        f"{file.relative_to(root)}:{line}: the docstring opens with {word!r}; "
        "use an imperative or a noun phrase"
        for folder in (*(root / name for name in FOLDERS), *sorted(apps))
        for file in sorted(folder.rglob("*.py"))
        if not _SKIPPED.intersection(file.relative_to(root).parts)
        for line, word in openings(file.read_text())
    ]


def openings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and first word of each such docstring, those of constants and fields included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            match = _OPENING.match(text) if isinstance(text, str) else None
            if match:
                yield node.lineno, match[1]


def main() -> None:
    """Check this checkout."""
    lines = problems(Path(__file__).parents[1])
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
