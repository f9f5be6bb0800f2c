"""Messages of validation errors, in this app's words instead of pydantic's."""

from collections.abc import Mapping
from typing import Any, Final

_MESSAGES: Final = {
    "greater_than_equal": "must be at least {ge}",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "json_invalid": "must be valid JSON ({error})",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list in brackets",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model_type": "must be an object in braces",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be text in quotes",
    "string_unicode": "must be valid Unicode",
    "too_short": "must have at least {min_length} characters",  # a SecretStr
}
"""By pydantic's error type (docs.pydantic.dev, "Validation Errors"), with its context filled in."""
_OTHERWISE: Final = "is not valid"


def describe(error: Mapping[str, Any]) -> str:
    """Say what an entry of `ValidationError.errors()` allows, as the predicate of a sentence.

    ValueErrors of the app's own validators keep their message.
    """
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if context.get("min_length") == 1:
        return "must not be empty"
    return _MESSAGES.get(error["type"], _OTHERWISE).format_map(context)
