"""Previews that `frugal cost` and `frugal compare` run themselves, with settings changed."""

import copy
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import cast

import yaml
from rich.console import Console

from frugal.atomic import atomic_write
from frugal.cost import Plan, failure_of, from_preview, parse
from frugal.errors import FrugalError
from frugal.fingerprint import content_digest
from frugal.local.engine import LOCAL_STACK, preview_from_nothing
from frugal.paths import Checkout
from frugal.stack_files import entries, stack_file, without_secrets

_OPTIONS = ("--json", "--show-sames")
_PROJECT = "frugal"
LIMIT = f"{_PROJECT}:maxMonthlyCost"
_USAGE = f"{_PROJECT}:usageFile"
_KEPT_PREVIEWS = 40
_FROM_NOTHING = (
    "{} is planned from nothing, by the rules of the local cloud and without a login: what it has "
    "on Azure today is not read."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan, with the usage file and limit of the environment's settings."""

    plan: Plan
    usage_file: Path | None
    limit: str | None


def preview(place: Checkout, console: Console, environment: str, changes: Sequence[str]) -> Preview:
    """Preview an environment with the settings of its file and `changes` (`homepage.cdn=none`).

    `local` from its own state; `dev` and `prod`, and `local` before its first `up`, from nothing,
    by the local rules and without a login. No file changes. Raises FrugalError: 1 the preview
    failed, 2 it failed with `changes`, or the environment or a change is none.
    """
    settings, config = _changed(stack_file(place.root, environment), changes)
    # With a limit the program would fail the preview of a bill above it.
    limit = config.pop(LIMIT, None)
    usage_file = config.get(_USAGE)
    from_nothing = environment != LOCAL_STACK or not (place.state / ".pulumi" / "stacks").exists()
    if from_nothing:
        done = preview_from_nothing(place, console, environment, *_OPTIONS, settings=settings)
    else:
        # Imported here, since an environment on Azure needs none of what runs here.
        from frugal.local.environment import prepare  # noqa: PLC0415

        _daemon, engine = prepare(place, console)
        with tempfile.TemporaryDirectory(prefix="frugal-cost-") as folder:
            file = Path(folder) / f"Pulumi.{environment}.yaml"
            file.write_text(yaml.safe_dump(settings))
            options = ("-s", environment, "--config-file", str(file), *_OPTIONS)
            done = engine.attempt("preview", *options)
    plan = from_preview(parse(_document(done, changes)))
    notes = [_FROM_NOTHING.format(environment)] if from_nothing else []
    return Preview(
        replace(plan, notes=[*plan.notes, *notes]),
        place.root / str(usage_file) if usage_file else None,
        None if limit is None else str(limit),
    )


def preview_option(
    place: Checkout, console: Console, environment: str, changes: Sequence[str]
) -> Plan:
    """Plan an environment from nothing with `changes`; cached by program and settings.

    The preview is cached by a digest of the program, the tool, the packages and the settings; the
    apps' files are not part of it, since no price depends on them. Raises FrugalError.
    """
    settings, config = _changed(stack_file(place.root, environment), changes)
    config.pop(LIMIT, None)
    program = ("infra", "__main__.py", "Pulumi.yaml")
    names = (*program, "frugal/cloud", "frugal/local", "requirements/run.lock")
    key = "\0".join((content_digest(place.root, *names), environment, without_secrets(settings)))
    file = place.previews / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    if not file.exists():
        done = preview_from_nothing(place, console, environment, *_OPTIONS, settings=settings)
        document = _document(done, changes)
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, document)
        newest_last = sorted(file.parent.glob("*.json"), key=lambda kept: kept.stat().st_mtime)
        for old in newest_last[:-_KEPT_PREVIEWS]:
            old.unlink(missing_ok=True)
    return from_preview(parse(file.read_bytes()))


def _document(done: CompletedProcess[str], changes: Sequence[str]) -> str:
    """Output of a preview. Raises FrugalError with the engine's messages if it failed."""
    if done.returncode == 0:
        return done.stdout
    # With --json the messages are in the document's diagnostics.
    try:
        failure = failure_of(json.loads(done.stdout)["diagnostics"])
    except (ValueError, KeyError, TypeError):
        failure = ""
    words = failure or done.stderr.strip() or done.stdout.strip()
    options = "".join(f" with --set {change}" for change in changes)
    # `--set` is the input of this command, and the program rejected it.
    raise FrugalError(f"The preview{options} failed: {words}", code=2 if changes else 1)


def _changed(
    settings: Mapping[str, object], changes: Sequence[str]
) -> tuple[dict[str, object], dict[str, object]]:
    """The content of a stack's file with each `KEY.FIELD=VALUE` put in, and its entries.

    Raises FrugalError (2).
    """
    config = copy.deepcopy(entries(settings))
    for change in changes:
        key, equals, text = change.partition("=")
        path = key.split(".")
        if not equals or not all(path):
            raise _wrong(change, "KEY=VALUE, such as homepage.cdn=none")
        if ":" not in path[0]:
            path[0] = f"{_PROJECT}:{path[0]}"
        block = config
        for name in path[:-1]:
            below = block.setdefault(name, {})
            if not isinstance(below, dict):
                raise _wrong(change, f"a key that is there: {name} holds no fields")
            block = cast("dict[str, object]", below)
        block[path[-1]] = _scalar(change, text)
    return {**settings, "config": config}, config


def _scalar(change: str, text: str) -> object:
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if value is None or isinstance(value, list | dict):
        raise _wrong(change, "one value as YAML writes it: none, 2, true, '17'")
    return value if isinstance(value, bool | int | float | str) else text


def _wrong(change: str, allowed: str) -> FrugalError:
    return FrugalError(f"--set {change!r} is not allowed; allowed: {allowed}", code=2)
