"""Query parameters of a chart; wrong values are refused, field by field."""

import re
import unicodedata
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from homepage.validation import describe

MOST: Final = 50
"""Bars or slices: each takes a few milliseconds to draw."""
LABEL: Final = 30
TITLE: Final = 60
"""Characters."""
HEIGHTS: Final = {800: 450, 400: 400}
"""Pixels, by the width."""
_LARGEST: Final = 1e300
"""A larger number makes matplotlib's axis limits overflow a float."""

_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _split(given: str) -> list[str]:
    parts = given.split(",", MOST + 1)
    if not given or len(parts) > MOST:
        raise ValueError(f"must have 1 to {MOST} entries, separated by commas")
    return parts


def _numbers(given: str) -> list[float]:
    return [_number(part) for part in _split(given)]


def _number(text: str) -> float:
    text = text.strip()
    if len(text) > LABEL or not _NUMBER.fullmatch(text):
        raise ValueError("must be numbers, separated by commas")
    number = float(text)
    if not abs(number) <= _LARGEST:
        raise ValueError("must be numbers from -1e300 to 1e300")
    return number


def _whole(given: str) -> int | str:
    # Pydantic compares a literal with the text as it is.
    return int(given) if re.fullmatch("[0-9]{1,3}", given) else given


def _readable(text: str) -> str:
    # Joiners and marks of direction are part of writing, though they do not print.
    if any(unicodedata.category(character) in _CONTROL for character in text):
        raise ValueError("must not contain control characters or line breaks")
    return text


Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LABEL),
    AfterValidator(_readable),
]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LABEL), AfterValidator(_readable)
]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=TITLE), AfterValidator(_readable)
]
Labels = Annotated[
    tuple[Label, ...],
    BeforeValidator(_split),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"1 to {MOST} labels of 1 to {LABEL} characters, separated by commas",
            "example": "a,b",
        }
    ),
]
Numbers = Annotated[
    tuple[float, ...],
    BeforeValidator(_numbers),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"1 to {MOST} numbers, separated by commas",
            "example": "1,2",
        }
    ),
]
Width = Annotated[
    Literal[800, 400], BeforeValidator(_whole), Field(description="Pixels; 400 is for phones")
]
Scale = Annotated[
    Literal[1, 2], BeforeValidator(_whole), Field(description="Pixels of the file to one of width")
]


class Chart(BaseModel):
    """Parameters of both kinds of chart; unknown ones are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Title = ""
    width: Width = 800
    scale: Scale = 1
    theme: Literal["light", "dark"] = "light"

    @model_validator(mode="wrap")
    @classmethod
    def _own_words(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Reword pydantic's messages, which APIFlask passes on without their types."""
        try:
            return handler(data)
        except ValidationError as error:
            reworded: list[InitErrorDetails] = [
                {
                    "type": PydanticCustomError("refused", "{message}", {"message": describe(one)}),
                    "loc": one["loc"],
                    "input": one["input"],
                }
                for one in error.errors()
            ]
            raise ValidationError.from_exception_data(cls.__name__, reworded) from None


class Bar(Chart):
    """A bar for each value, upwards from zero, or downwards."""

    xvalues: Labels
    yvalues: Numbers
    xlabel: Words = ""
    ylabel: Words = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All of the chart's words."""
        return (self.title, self.xlabel, self.ylabel, *self.xvalues)

    @field_validator("yvalues")
    @classmethod
    def _one_for_each(cls, yvalues: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        _same_length(yvalues, info, "xvalues")
        return yvalues


class Pie(Chart):
    """A slice for each value, by its share of their sum."""

    values: Numbers
    labels: Labels = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """All of the chart's words."""
        return (self.title, *self.labels)

    @field_validator("values")
    @classmethod
    def _shares(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if min(values) < 0 or max(values) == 0:
            raise ValueError("must not be negative, nor all be zero")
        return values

    @field_validator("labels")
    @classmethod
    def _one_for_each(cls, labels: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _same_length(labels, info, "values")
        return labels


def _same_length(given: tuple[object, ...], info: ValidationInfo, other: str) -> None:
    # A field that failed validation itself is missing from info.data.
    wanted = len(info.data.get(other, given))
    if len(given) != wanted:
        raise ValueError(f"must have as many entries as {other} ({wanted}), not {len(given)}")


def shares(values: tuple[float, ...]) -> list[float]:
    """Values of a pie as parts of their sum, which may itself be too large for a float."""
    largest = max(values)
    parts = [value / largest for value in values]
    total = sum(parts)
    return [part / total for part in parts]
