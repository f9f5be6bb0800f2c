"""The development container's policy."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".devcontainer"


def test_python_comes_with_the_base_image_alone() -> None:
    settings = json.loads((FOLDER / "devcontainer.json").read_text())
    assert not any("python" in feature.lower() for feature in settings.get("features", {}))
    instructions = (FOLDER / settings["build"]["dockerfile"]).read_text()
    base = re.search(r"^FROM (\S+)$", instructions, re.MULTILINE)
    assert base
    image, _, tag = base[1].rpartition(":")
    assert image == "mcr.microsoft.com/devcontainers/python"
    version = re.match(r"(\d+)\.(\d+)", tag)
    assert version
    assert (int(version[1]), int(version[2])) >= (3, 11)
    installed = re.search(r"apt-get install (.*?)\n\s+&&", instructions, re.DOTALL)
    assert installed
    assert not re.search(r"\bpython", installed[1])
    assert "postgresql" in installed[1].split()


def test_post_create_runs_a_make_target() -> None:
    settings = json.loads((FOLDER / "devcontainer.json").read_text())
    command, target = settings["postCreateCommand"].split()
    assert command == "make"
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_workflow_may_only_read_and_pins_what_it_uses() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE)
    for used in re.findall(r"uses: \S+@(\S+)", text):
        assert re.fullmatch(r"[0-9a-f]{40}", used)
    assert ".ci/run" in text
