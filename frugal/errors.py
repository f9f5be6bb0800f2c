"""Errors for the user, and the wording of validation errors."""

import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class FrugalError(Exception):
    """Message for the user: the problem, the value given, and the next step.

    The command prints it without a traceback and ends with `code`.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class RowsAtStakeError(FrugalError):
    """Rows of the local database are lost or at risk; the text says where they are, if anywhere.

    `frugal up --accept-data-loss` starts over without them.
    """

    def __init__(self, message: str) -> None:
        self.what = message
        super().__init__(
            f"{message} Nothing was changed. To start over without those rows and without "
            "everything else in .frugal/local: frugal up --accept-data-loss"
        )


def broken_sites(error: Exception) -> FrugalError | None:
    """The message for an error in the list of sites, or in a file that it imports.

    None for an error that was raised elsewhere.
    """
    list_of_sites = "infra/stacks/__init__.py"
    frames = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    start = next((i for i, (name, _) in enumerate(frames) if name.endswith(list_of_sites)), None)
    if start is None:
        return None
    root = frames[start][0].removesuffix(list_of_sites)
    frames = frames[start:]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 1))
    own = [
        (name.removeprefix(root), line)
        for name, line in frames
        if name.startswith(root) and not name.startswith(f"{root}.venv/")
    ]
    file, line = own[-1]
    *_, reason = traceback.format_exception_only(error)
    remedy = (
        "Restore the site's files, or delete its two lines there and its folder in apps/"
        if file == list_of_sites
        else "Correct it, or remove the site"
    )
    message = f"{file} line {line}: {reason.strip()}. {remedy} (docs/adding-a-site.md)."
    return FrugalError(message, code=2)


_DATE = "a date, such as 2026-01-31"
_KEYS = "keys with values"
_WHOLE = "a whole number"
# By type of pydantic's error; in braces what its context has.
_ALLOWED = {
    "bool_type": "true, false",
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "decimal_max_digits": "a smaller number",
    "decimal_max_places": "at most {decimal_places} decimal places",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "decimal_whole_digits": "a smaller number",
    "dict_type": _KEYS,
    "greater_than_equal": "{ge} or more",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "less_than_equal": "{le} or less",
    "mapping_type": _KEYS,
    "model_type": _KEYS,
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
}


def describe(error: "ErrorDetails") -> str:
    """Describe the allowed values, from an error of pydantic: "a whole number", "F0, S1"."""
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "literal_error":
        return str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if allowed := _ALLOWED.get(error["type"]):
        return allowed.format_map(context)
    return error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
