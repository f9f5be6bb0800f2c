"""`frugal` as a user meets it, with the real engine and the real daemon."""

import errno
import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from frugal import cli
from frugal.paths import Checkout
from tests.cost.command import frugal
from tests.engine.clone import PATIENCE, Clone, until
from tests.engine.conftest import ROOT


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the settings in a folder that is the checkout of `frugal` in this process."""
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for command in ("logs", "up"):
        monkeypatch.setattr(f"frugal.commands.{command}.own_checkout", lambda: Checkout(tmp_path))
    return tmp_path


def test_up_status_down_and_again(clone: Clone) -> None:
    clone.frugal("down", "--yes")
    before = {f.name: f.read_bytes() for f in clone.root.glob("Pulumi*.yaml")}
    up = clone.frugal("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "Resources: 3 created." in up.stdout
    assert clone.resources() == ["ResourceGroup", "UserAssignedIdentity"]
    assert clone.pulumi("preview", "-s", "local", "--expect-no-changes").returncode == 0
    assert {f.name: f.read_bytes() for f in clone.root.glob("Pulumi*.yaml")} == before
    ports = json.loads(clone.frugal("status", "--json").stdout)["ports"]
    assert ports

    down = clone.frugal("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert "2 resources, destroyed by the engine" in down.stdout
    assert not (clone.root / ".frugal" / "local").exists()
    until(lambda: clone.processes() == [])
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0

    again = clone.frugal("down", "--yes")
    assert (again.returncode, "Nothing is running" in again.stdout) == (0, True)


def test_nothing_running(clone: Clone) -> None:
    clone.frugal("down", "--yes")
    shown = clone.frugal("status", "--json")
    assert shown.returncode == 1
    assert json.loads(shown.stdout) == {"environment": "local", "urls": {}, "health": {}}
    plain = clone.frugal("status")
    assert (plain.returncode, plain.stdout) == (1, "")
    assert "make up" in plain.stderr


def test_env_is_safe_for_the_shell_and_starts_the_daemon(clone: Clone) -> None:
    clone.frugal("down", "--yes")
    user = "export ARM_CLIENT_SECRET=s ARM_USE_OIDC=true AZURE_TENANT_ID=t PULUMI_STACK=dev"
    evaluate = 'eval "$(.venv/bin/frugal env)" && command -v pulumi && env'
    shell = clone.run("sh", "-euc", f"{user}; {evaluate}")
    assert shell.returncode == 0, shell.stderr
    lines = shell.stdout.splitlines()
    assert lines[0] == str(clone.root / ".frugal" / "bin" / "pulumi")
    exported = dict(entry.split("=", 1) for entry in lines[1:] if "=" in entry)
    assert exported["PULUMI_HOME"] == str(clone.root / ".frugal" / "local" / "pulumi")
    assert exported["ARM_METADATA_HOSTNAME"].startswith("127.0.0.1:")
    assert exported["IDENTITY_ENDPOINT"].startswith("http://127.0.0.1:")
    assert exported["ARM_USE_MSI"] == "true"
    user_s = {"ARM_CLIENT_SECRET", "ARM_USE_OIDC", "AZURE_TENANT_ID", "PULUMI_STACK"}
    assert exported.keys() & user_s == set()
    assert clone.daemon_pid() > 0


def test_the_plain_tool_does_the_whole_round(clone: Clone) -> None:
    clone.open_shell()
    short = ("--yes", "--skip-preview")
    for command in (["up", "--yes"], ["refresh", *short], ["destroy", *short]):
        done = clone.in_shell("pulumi", *command, "-s", "local")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr


def test_second_up_at_once_says_so(clone: Clone) -> None:
    first = clone.begin_held()
    for command in ("up", "down"):
        second = clone.frugal(command)
        assert second.returncode == 1
        said = f"`frugal up` is already running in this checkout (pid {first.pid})"
        assert said in second.stderr
    clone.release()
    assert first.wait(PATIENCE) == 0


def test_up_beside_a_plain_pulumi_says_so(clone: Clone) -> None:
    clone.hold()
    line = 'eval "$(.venv/bin/frugal env)" && exec pulumi up --yes --skip-preview -s local'
    plain = subprocess.Popen(
        ["sh", "-c", line], cwd=clone.root, env=clone.environment(), stdout=subprocess.DEVNULL
    )
    until((clone.root / "reached").exists)
    refused = clone.frugal("up")
    assert refused.returncode == 1
    assert f"(pid {plain.pid}) is already working" in refused.stderr
    clone.release()
    assert plain.wait(PATIENCE) == 0


def test_another_stack_does_not_touch_this_machine(clone: Clone) -> None:
    clone.open_shell()
    assert clone.in_shell("pulumi", "stack", "init", "dev").returncode == 0
    preview = clone.in_shell("pulumi", "preview", "-s", "dev")
    assert preview.returncode != 0
    assert "acts for the stack 'local' alone" in preview.stdout + preview.stderr
    assert clone.in_shell("pulumi", "stack", "rm", "dev", "--yes").returncode == 0


def test_program_that_fails_fails_the_command(clone: Clone) -> None:
    (clone.root / "infra" / "__main__.py").write_text("raise SystemExit('no such size: XXL')\n")
    up = clone.frugal("up")
    assert up.returncode == 1
    assert "no such size: XXL" in up.stderr
    assert "make up" in up.stderr
    assert "Traceback" not in up.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["logs", "nosuch"], "no log 'nosuch'; there are: "),
        (["logs"], "NAME"),
        (["logs", "edge"], "no log of edge"),
        (["nosuch"], "nosuch"),
        (["up", "--now"], "--now"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_wrong_inputs(arguments: list[str], said: str) -> None:
    done = frugal(*arguments)
    assert done.code != 0
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Pulumi.local.yaml", "config:\n  a: [\n", "Pulumi.local.yaml, line 3: this is not YAML."),
        ("Pulumi.local.yaml", "- a\n", "Pulumi.local.yaml holds no keys"),
        ("Pulumi.local.yaml", "config: a\n", "Pulumi.local.yaml holds no keys"),
        ("Pulumi.local.yaml", None, "Pulumi.local.yaml is missing."),
        ("Pulumi.yaml", "\0", "Pulumi.yaml: this is not YAML."),
        ("Pulumi.yaml", None, "Pulumi.yaml: No such file or directory."),
    ],
)
def test_a_damaged_settings_file_is_named(
    settings: Path, name: str, content: str | None, said: str
) -> None:
    file = settings / name
    file.unlink()
    if content is not None:
        file.write_text(content)
    done = frugal("up")
    assert done.code in {1, 2}
    assert said in done.err
    assert f"git checkout {name}" in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_may_not_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/some/place")

    monkeypatch.setattr(cli, "app", refused)
    monkeypatch.setattr("sys.argv", ["frugal", "up"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "Error: /some/place: Permission denied. Its owner has to run this" in (
        " ".join(capsys.readouterr().err.split())
    )


def test_taken_port_is_named(clone: Clone) -> None:
    assert clone.frugal("env").returncode == 0
    port = json.loads((clone.cloud / "daemon.json").read_text())["http"]
    clone.stop_daemon()
    with socket.create_server(("127.0.0.1", port)):
        up = clone.frugal("up")
    assert up.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in up.stderr
    assert "Traceback" not in up.stderr


def test_logs_follow_shows_what_comes(clone: Clone) -> None:
    log = clone.cloud / "logs" / "homepage.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("first\n")
    assert clone.frugal("logs", "homepage").stdout == "first\n"
    follower = clone.begin("logs", "homepage", "-f")
    until(lambda: "first" in (clone.root / "output").read_text())
    with log.open("a") as more:
        more.write("second\n")
    until(lambda: "second" in (clone.root / "output").read_text())
    follower.terminate()
    follower.wait()
    log.unlink()
