"""The development container's definition, and the CI workflow's policy."""

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from frugal.local.toolchain import declared_version
from frugal.paths import Checkout

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".devcontainer"

Command = str | list[str] | dict[str, str | list[str]]


class Object(BaseModel):
    """An object of devcontainer.json, without other keys than its fields.

    The classes below have the properties that the definition uses, with their types in the
    published schema (devcontainers/spec c95ffee of 2026-03-17, devContainer.base.schema.json).
    """

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Build(Object):
    dockerfile: str


class Ports(Object):
    label: str = "Application"
    on_auto_forward: Literal["notify", "openBrowser", "openPreview", "silent", "ignore"]


class VsCode(Object):
    extensions: list[str]
    settings: dict[str, str]


class Customizations(Object):
    vscode: VsCode


class Definition(Object):
    name: str
    build: Build
    remote_user: str
    on_create_command: Command
    post_start_command: Command
    ports_attributes: dict[str, Ports]
    other_ports_attributes: Ports
    customizations: Customizations


def test_the_definition_has_the_published_shape_and_no_features() -> None:
    text = (FOLDER / "devcontainer.json").read_text()
    found = TypeAdapter(Definition).validate_json(text)
    assert (FOLDER / found.build.dockerfile).is_file()


def test_the_image_brings_python_postgresql_and_the_pinned_cli() -> None:
    instructions = (FOLDER / "Dockerfile").read_text()
    assert re.findall("^FROM (.*)$", instructions, re.MULTILINE) == [
        "mcr.microsoft.com/devcontainers/python:3.11-bookworm"
    ]
    assert re.findall("apt-get install (.*) ", instructions) == [
        "--yes --no-install-recommends postgresql"
    ]
    pinned = re.findall("^ARG PULUMI=(.*)$", instructions, re.MULTILINE)
    assert pinned == [declared_version(Checkout(ROOT))]


def test_workflow_may_only_read_and_pins_what_it_uses() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE)
    for used in re.findall(r"uses: \S+@(\S+)", text):
        assert re.fullmatch(r"[0-9a-f]{40}", used)
    assert ".ci/run" in text
