"""Errors that are meant for the user, and the wording of errors of validation."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class FrugalError(Exception):
    """What went wrong, what was given, and what to do next, in words for the user.

    The command prints it without a traceback and ends with `code`.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class RowsAtStakeError(FrugalError):
    """Rows of the local database are gone or would go; the text says where they are, if anywhere.

    `frugal up --accept-data-loss` begins anew without them.
    """

    def __init__(self, message: str) -> None:
        self.what = message
        super().__init__(
            f"{message} Nothing was changed. To begin anew without those rows, and without "
            "everything else in .frugal/local: frugal up --accept-data-loss"
        )


def describe(error: "ErrorDetails") -> str:
    """Name what a value must be, from an error of pydantic's: "a whole number", "F0, S1"."""
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "literal_error":
            return str(context["expected"]).replace("'", "").replace(" or ", ", ")
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "bool_type":
            return "true, false"
        case "string_too_short":
            return "a text that is not empty"
        case _:
            return error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
