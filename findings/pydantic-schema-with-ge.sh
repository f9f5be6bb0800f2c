#!/bin/sh
# pydantic 2.14.3: a limit that comes after a validator in Annotated is enforced, but the JSON Schema
# has it under the name of pydantic's own argument, "ge", a word that JSON Schema does not know. So
# the schema (and FastAPI's OpenAPI with it) says that any integer will do.
#
# Before the validator, or as a Field of the whole attribute, it is "minimum" as it should be; as
# soon as that attribute may also be None, it is "ge" again, although nothing else has changed.
# Reported as issue 11576 of pydantic/pydantic.
#
# Seen on 2026-11-28:
#   limit before the validator: {'minimum': 0, 'type': 'integer'}; -1 is refused
#   limit after the validator: {'ge': 0, 'type': 'integer'}; -1 is refused
#   Field of the attribute: {'minimum': 0, 'type': 'integer'}; -1 is refused
#   Field of the attribute or None: {'ge': 0, 'type': 'integer'}; -1 is refused
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3 || exit 2
cat >"$folder/seen" <<'SEEN'
limit before the validator: {'minimum': 0, 'type': 'integer'}; -1 is refused
limit after the validator: {'ge': 0, 'type': 'integer'}; -1 is refused
Field of the attribute: {'minimum': 0, 'type': 'integer'}; -1 is refused
Field of the attribute or None: {'ge': 0, 'type': 'integer'}; -1 is refused
SEEN
"$folder/venv/bin/python" - >"$folder/now" <<'PY'
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

Number = Annotated[int, BeforeValidator(lambda value: value)]


class Before(BaseModel):
    value: Annotated[int, Field(ge=0), BeforeValidator(lambda value: value)]


class After(BaseModel):
    value: Annotated[Number, Field(ge=0)]


class Attribute(BaseModel):
    value: Number = Field(ge=0)


class AttributeOrNone(BaseModel):
    value: Number | None = Field(ge=0)


for name, model in {
    "limit before the validator": Before,
    "limit after the validator": After,
    "Field of the attribute": Attribute,
    "Field of the attribute or None": AttributeOrNone,
}.items():
    schema = model.model_json_schema()["properties"]["value"]
    schema = schema.get("anyOf", [schema])[0]
    schema.pop("title", None)
    try:
        model(value=-1)
        refused = "taken"
    except ValidationError:
        refused = "refused"
    print(f"{name}: {dict(sorted(schema.items()))}; -1 is {refused}")
PY
diff "$folder/seen" "$folder/now"
cat "$folder/now"
