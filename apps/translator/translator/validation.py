"""Messages of validation errors, in this app's words instead of pydantic's."""

from collections.abc import Mapping
from typing import Any, Final

_MESSAGES: Final = {
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "int_type": "must be a whole number",
    "json_invalid": "must be valid JSON",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "uuid_parsing": "must be a UUID",
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
