"""Pulumi.yaml and the files of stacks, as YAML; `infra.settings` knows what their keys mean."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

from frugal.errors import FrugalError
from frugal.paths import Checkout

NOT_READ = "a-secret-that-a-plan-never-reads-0"
"""In the place of a secret; as long as a setting may want it."""


def stack_settings(place: Checkout, stack: str) -> dict[str, object]:
    """Content of `Pulumi.<stack>.yaml`. Raises FrugalError (2) where it is missing or damaged."""
    file = place.root / f"Pulumi.{stack}.yaml"
    if not file.exists():
        there = sorted(path.name.split(".")[1] for path in place.root.glob("Pulumi.*.yaml"))
        message = f"There is no environment {stack!r}; there are: {', '.join(there)}."
        raise FrugalError(message, code=2)
    return read_settings(file)


def read_settings(file: Path) -> dict[str, object]:
    """Content of Pulumi.yaml or Pulumi.<stack>.yaml. Raises FrugalError (2) if it is damaged."""
    again = f"Mend it, or get it back: git checkout {file.name}"
    try:
        content: object = yaml.safe_load(file.read_text()) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(getattr(error, "problem_mark", None), "line", None)
        line = "" if where is None else f", line {where + 1}"
        if isinstance(error, OSError):
            raise FrugalError(f"{file.name}: {error.strerror}. {again}", code=2) from None
        raise FrugalError(f"{file.name}{line}: this is not YAML. {again}", code=2) from None
    entries = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    if entries is not content or not isinstance(entries.get("config") or {}, dict):
        raise FrugalError(f"{file.name} holds no keys, as it should. {again}", code=2)
    return entries


def without_secrets(settings: Mapping[str, object]) -> str:
    """Text of a stack's file with NOT_READ in the place of each secret."""
    keys = ("encryptionsalt", "encryptedkey", "secretsprovider")
    public = {k: v for k, v in settings.items() if k not in keys}
    return yaml.safe_dump(masked(public, NOT_READ))


def masked(value: object, placeholder: str) -> object:
    """A value of a stack's file, its secrets (`{secure: …}`), however deep they lie, replaced."""
    if isinstance(value, list):
        return [masked(item, placeholder) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    entries = cast("dict[str, object]", value)
    if entries.keys() == {"secure"}:
        return placeholder
    return {key: masked(item, placeholder) for key, item in entries.items()}
