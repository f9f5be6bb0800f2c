"""Help pages as plain text: no word is broken, however narrow the terminal."""

import inspect
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

from frugal.errors import FrugalError
from frugal.terminal import wrap

_MOST_COLUMNS = 100
# Of a description, where the terminal is narrower than the page.
_LEAST_COLUMNS = 20


class Command(TyperCommand):
    """Command with a help page of plain text."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's are private
        """Write the page."""
        formatter.write(_page(self, ctx))


class Group(TyperGroup):
    """Group of commands with a help page of plain text; an unknown command is a FrugalError."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's are private
        """Write the page."""
        formatter.write(_page(self, ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Find the command that the first argument names. Raises FrugalError (2)."""
        if args[0] not in self.commands:
            message = f"There is no command {args[0]!r}; there are: {', '.join(self.commands)}."
            raise FrugalError(f"{message} `{ctx.command_path} -h` describes them.", code=2)
        return super().resolve_command(ctx, args)


def _page(command: TyperCommand | TyperGroup, context: Any) -> str:  # noqa: ANN401 - typer's own
    """Usage, description, arguments, options and commands.

    In the description, an indented paragraph is an example: its lines stay as they are.
    """
    columns = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    given = [p for p in command.params if isinstance(p, TyperArgument)]
    arguments = [(str(p.metavar or p.name), p.help or "") for p in given]
    options = [p.get_help_record(context) for p in command.get_params(context) if p not in given]
    commands = list(_commands(command)) if isinstance(command, TyperGroup) else []
    words = [*(name for name, _ in arguments), *["[COMMAND]"] * bool(commands)]
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    parts = [
        " ".join(["Usage:", context.command_path, *words, "[OPTIONS]"]),
        *(p if p.startswith(" ") else "\n".join(wrap(p, columns)) for p in paragraphs),
        *_section("Arguments", arguments, columns),
        *_section("Options", [record for record in options if record], columns),
        *_section("Commands", commands, columns),
    ]
    return "\n\n".join(parts)


def _commands(group: TyperGroup) -> Iterator[tuple[str, str]]:
    """Each command's name and the first paragraph of its description."""
    for name, command in group.commands.items():
        yield name, " ".join((command.help or "").partition("\n\n")[0].split())


def _section(title: str, rows: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    """A heading with a row for each name, descriptions in a column; nothing without rows."""
    if not rows:
        return
    column = max(len(name) for name, _ in rows) + 4
    lines = [f"{title}:"]
    for name, text in rows:
        described = wrap(text, max(columns - column, _LEAST_COLUMNS)) or [""]
        heads = [f"  {name}", *[""] * (len(described) - 1)]
        lines += [f"{head:{column}}{line}" for head, line in zip(heads, described, strict=True)]
    yield "\n".join(lines)
