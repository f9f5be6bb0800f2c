"""Previewing an environment without a login, and the executables beside the CLI."""

import json
import subprocess
import sys

from tests.engine.clone import Clone
from tests.engine.conftest import ROOT

PLAN = """\
import sys
from rich.console import Console
from frugal.local.engine import preview_from_nothing
from frugal.errors import FrugalError
from frugal.paths import checkout
try:
    done = preview_from_nothing(checkout(), Console(stderr=True), sys.argv[1], *sys.argv[2:])
except FrugalError as error:
    sys.exit(f"refused: {error}")
sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""

DEV = """\
encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
config:
  azure-native:location: eastus
  frugal:homepage:
    key:
      secure: AAABAPlanted
"""


def plan(clone: Clone, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    python = str(clone.root / ".venv" / "bin" / "python")
    return clone.run(python, "-c", PLAN, *arguments, **variables)


def test_plan_is_made_from_nothing_and_changes_nothing(clone: Clone) -> None:
    """And no option in the user's shell reaches it."""
    settings = clone.root / "Pulumi.dev.yaml"
    settings.write_text(DEV)
    try:
        none = "urn:pulumi:dev::frugal::pkg:mod:None::none"
        done = plan(clone, "dev", "--json", "--show-sames", PULUMI_OPTION_TARGET=none)
        assert done.returncode == 0, done.stdout + done.stderr
        steps = json.loads(done.stdout)["steps"]
        types = sorted(step["urn"].split("::")[2] for step in steps if step["op"] == "create")
        assert types == [
            "azure-native:managedidentity:UserAssignedIdentity",
            "azure-native:resources:ResourceGroup",
            "pulumi:pulumi:Stack",
        ]
        assert "a-secret-that-a-plan-never-reads" in json.dumps(json.loads(done.stdout)["config"])
        assert settings.read_text() == DEV
    finally:
        settings.unlink()


def test_plan_of_no_environment_says_so(clone: Clone) -> None:
    done = plan(clone, "nosuch")
    assert done.returncode == 1
    assert "refused: There is no environment" in done.stderr


def test_the_local_provider_says_when_no_daemon_runs(clone: Clone) -> None:
    assert clone.frugal("env").returncode == 0
    line = (
        'eval "$(.venv/bin/frugal env)" && kill "$1" && '
        'while kill -0 "$1" 2>/dev/null && [ -e .frugal/local/cloud/daemon.json ]; do sleep 0.05; '
        "done; exec pulumi preview -s local --non-interactive"
    )
    done = clone.run("sh", "-c", line, "sh", str(clone.daemon_pid()))
    assert done.returncode != 0
    assert "The local cloud is not running." in done.stdout + done.stderr


def test_missing_virtualenv_is_named(clone: Clone) -> None:
    project = clone.root / "Pulumi.yaml"
    before = project.read_text()
    project.write_text(before.replace("virtualenv: .venv", "virtualenv: .nosuch"))
    try:
        done = clone.pulumi("preview", "-s", "local")
    finally:
        project.write_text(before)
    assert done.returncode != 0
    assert "names the virtualenv .nosuch" in done.stdout + done.stderr


def test_make_setup_twice_installs_nothing_again(prepared: Clone) -> None:
    done = prepared.run("make", "setup")
    assert (done.returncode, done.stdout) == (0, "")


def test_make_notices_a_checkout_in_another_place(prepared: Clone, said_by_setup: str) -> None:
    assert f"This checkout was in {ROOT}: setting it up anew" in said_by_setup
    found = prepared.run(".venv/bin/python", "-Pc", "import frugal; print(frugal.__file__)")
    assert found.stdout.strip() == str(prepared.root / "frugal" / "__init__.py")
    assert str(ROOT) not in (prepared.root / ".frugal/bin/pulumi-language-python").read_text()


def test_make_names_a_python_that_does_not_fit(prepared: Clone) -> None:
    (prepared.root / "old python").write_text("#!/bin/sh\necho Python 3.9.1\nexit 1\n")
    (prepared.root / "old python").chmod(0o755)
    done = prepared.run("tools/python.sh", PYTHON="./old python")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "python3-venv" in done.stderr
    fits = prepared.run("tools/python.sh", PYTHON=sys.executable)
    assert fits.stdout.strip() == sys.executable


def test_make_lists_its_commands(prepared: Clone) -> None:
    listed = prepared.run("make").stdout
    for command in ("up", "down", "test", "check", "bench", "lock", "help"):
        assert f"make {command} " in listed
