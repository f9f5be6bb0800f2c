"""Reader of Pulumi.yaml and Pulumi.<stack>.yaml, where a secret is {"secure": ciphertext}."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

from frugal.errors import FrugalError

PLACEHOLDER = "a-secret-that-a-plan-never-reads-0"
"""Placeholder of a secret that is not decrypted; long enough for any setting."""


def environments(folder: Path) -> list[str]:
    """Names of the stacks that have a file in the checkout."""
    files = folder.glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def stack_file(folder: Path, stack: str) -> dict[str, object]:
    """Content of `Pulumi.<stack>.yaml`. Raises FrugalError (2) if it is missing or damaged."""
    file = folder / f"Pulumi.{stack}.yaml"
    if not file.exists():
        there = ", ".join(environments(folder))
        raise FrugalError(f"There is no environment {stack!r}; there are: {there}.", code=2)
    return read_file(file)


def read_file(file: Path) -> dict[str, object]:
    """Content of Pulumi.yaml or a stack's file. Raises FrugalError (2) if it is damaged.

    Also if a key with a namespace (`frugal:homepage`) is outside `config`.
    """
    again = f"Repair it, or restore it: git checkout {file.name}"
    try:
        content: object = yaml.safe_load(file.read_text()) or {}
    except OSError as error:
        raise FrugalError(f"{file.name}: {error.strerror}. {again}", code=2) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f", line {line + 1}"
        raise FrugalError(f"{file.name}{where}: this is not YAML. {again}", code=2) from None
    found = cast("dict[str, object]", content) if isinstance(content, dict) else {"config": content}
    if not isinstance(found.get("config") or {}, dict):
        raise FrugalError(f"{file.name} holds no keys. {again}", code=2)
    # YAML reads `3`, `on` and a date as other things than text.
    keys: list[object] = [*found, *entries(found)]
    if other := ", ".join(str(key) for key in keys if not isinstance(key, str)):
        raise FrugalError(
            f"{file.name}: {other}: a key must be text, such as frugal:homepage. {again}", code=2
        )
    # Pulumi ignores them, so that the defaults would apply in silence.
    if outside := [key for key in found if ":" in str(key)]:
        raise FrugalError(
            f"{file.name}: {', '.join(outside)} must be below `config:`; indent it by two spaces.",
            code=2,
        )
    return found


def without_secrets(content: Mapping[str, object]) -> str:
    """Text of a stack's file with placeholders for its secrets, and without their keys."""
    keys = ("encryptionsalt", "encryptedkey", "secretsprovider")
    return yaml.safe_dump(masked({k: v for k, v in content.items() if k not in keys}))


def masked(value: object) -> object:
    """A value of a stack's file with its secrets, at any depth, replaced."""
    if isinstance(value, list):
        return [masked(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    if fields.keys() == {"secure"}:
        return PLACEHOLDER
    return {key: masked(item) for key, item in fields.items()}


def configuration(folder: Path, stack: str) -> dict[str, str]:
    """Configuration of a stack as the engine gives it: full keys, objects as JSON text.

    Secrets are placeholders. Raises FrugalError (2).
    """
    project, own = read_file(folder / "Pulumi.yaml"), stack_file(folder, stack)
    values = {key: _default(entry) for key, entry in entries(project).items()}
    values |= {key: masked(value) for key, value in entries(own).items()}
    name = project.get("name", "")
    return {
        # A date is a value of YAML, and text for the engine.
        key if ":" in key else f"{name}:{key}": str(value)
        if isinstance(value, str | dt.date)
        else json.dumps(value, default=str)
        for key, value in values.items()
    }


def entries(content: Mapping[str, object]) -> dict[str, object]:
    """Entries of `config` in a file's content."""
    return cast("dict[str, object]", content.get("config") or {})


def _default(entry: object) -> object:
    """Value of an entry of Pulumi.yaml, which may have a type and a description."""
    if not isinstance(entry, dict):
        return entry
    described = cast("dict[str, object]", entry)
    return described.get("value", described.get("default", {}))
