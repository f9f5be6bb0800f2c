"""`python -m tests.cost.recording [NAME…]`: records what the pinned Pulumi CLI writes.

Writes `tests/cost/recorded`: previews, event streams and states of a small program on the stub
provider beside this file; NAME is one of CASES. What holds times and paths is left out (LEFT_OUT).
Needs `make setup`. The programs in other languages, beside this file, need Pulumi's YAML host
(`go install github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml@v1.25.0`) on PATH, Go and npm.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cost.recording.provider import VERSION

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RECORDED = HERE.with_name("recorded")
LEFT_OUT = {
    *("sourcePosition", "stackTrace", "created", "modified"),
    *("duration", "durationSeconds", "timestamp", "config"),
}

Entry = Mapping[str, Any]


def declared(kind: str, name: str, inputs: Entry, **more: Any) -> Entry:
    return {"type": f"azure-native:{kind}", "name": name, "inputs": inputs, **more}


def group(**more: Any) -> Entry:
    return declared("resources:ResourceGroup", "group", {"location": "eastus"}, **more)


def plan(size: str = "B1", place: str = "eastus", /, *, tags: Entry | None = None, **more: Any):
    inputs = {"location": place, "kind": "Linux", "reserved": True, "sku": {"name": size}}
    return declared("web:AppServicePlan", "plan", inputs | ({"tags": tags} if tags else {}), **more)


def server(size: str = "Standard_B1ms", place: str = "eastus", /, **more: Any) -> Entry:
    inputs = {"location": place, "sku": {"name": size}, "storage": {"storageSizeGB": 32}}
    return declared("dbforpostgresql:Server", "server", inputs, **more)


def plan_id(place: str = "eastus") -> str:
    return f"/made/plan/{place}"


@dataclass(frozen=True)
class Case:
    """What is deployed, what has happened since, what is declared, what is asked."""

    deployed: Sequence[Entry]
    declared: Sequence[Entry]
    command: str = "preview --json --show-sames"
    world: Mapping[str, Entry | None] = field(default_factory=dict)
    failing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    interrupted: Sequence[Entry] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[["Stack"], None] | None = None
    language: str = ""


RETAIN = {"retain_on_delete": True}
STREAMING = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
STEPS = "preview --json --show-sames --show-replacement-steps"
REFRESH = "preview --refresh --json --show-sames"
FIRST = [group(), plan(), server()]
DRIFTED = {plan_id(): plan("P0v3")["inputs"]}
VANISHED = {plan_id(): None}


def target(name: str) -> str:
    return f"--target **{name}"


MOVED = [group(), plan("B1", "westeurope", options={"delete_before_replace": True}), server()]
"""The plan goes to another region, and is deleted before its replacement is made."""

CASES: Mapping[str, Case] = {
    "create": Case([], FIRST),
    "update": Case(FIRST, [group(), plan("P0v3"), server()]),
    "delete": Case(FIRST, [group(), server()]),
    "replace": Case(FIRST, [group(), plan("B1", "westeurope"), server()]),
    "replace-steps": Case(FIRST, [group(), plan("B1", "westeurope"), server()], STEPS),
    "replace-delete-first": Case(
        FIRST,
        MOVED,
        STEPS,
    ),
    "replace-with-dependents": Case(
        [group(), plan(), server(depends=["plan"], id_of={"resourceGroupName": "plan"})],
        [group(), plan("B1", "westeurope", options={"delete_before_replace": True})],
        STEPS,
    ),
    "retain-deleted": Case([group(), plan(options=RETAIN), server()], [group(), server()]),
    "retain-replaced": Case(
        [group(), plan(options=RETAIN)], [group(), plan("B1", "westeurope", options=RETAIN)]
    ),
    "retain-replaced-steps": Case(
        [group(), plan(options=RETAIN)], [group(), plan("B1", "westeurope", options=RETAIN)], STEPS
    ),
    "import": Case(
        [group()],
        [group(), plan(options={"import_": plan_id()})],
        world={plan_id(): plan()["inputs"]},
    ),
    "import-with-a-tag": Case(
        [group()],
        [group(), plan(tags={"a": "b"}, options={"import_": plan_id()})],
        world={plan_id(): plan()["inputs"]},
    ),
    "import-replacement": Case(
        [group(), plan()],
        [group(), plan("B1", "westeurope", options={"import_": plan_id("westeurope")})],
        world={plan_id("westeurope"): plan("B1", "westeurope")["inputs"]},
    ),
    "import-replacement-steps": Case(
        [group(), plan()],
        [group(), plan("B1", "westeurope", options={"import_": plan_id("westeurope")})],
        STEPS,
        world={plan_id("westeurope"): plan("B1", "westeurope")["inputs"]},
    ),
    "import-replacement-stream": Case(
        [group(), plan()],
        [group(), plan("B1", "westeurope", options={"import_": plan_id("westeurope")})],
        world={plan_id("westeurope"): plan("B1", "westeurope")["inputs"]},
        environment=STREAMING,
    ),
    "read": Case([group()], [group(), plan(get=plan_id())], world={plan_id(): plan()["inputs"]}),
    "read-what-was-managed": Case([group(), plan()], [group(), plan(get=plan_id())]),
    "read-another": Case(
        [group(), plan()],
        [group(), plan("B1", "westeurope", get=plan_id("westeurope"))],
        STEPS,
        world={plan_id("westeurope"): plan("B1", "westeurope")["inputs"]},
    ),
    "managed-what-was-read": Case(
        [group(), plan(get=plan_id())],
        [group(), plan("B1", "westeurope")],
        STEPS,
        world={plan_id(): plan()["inputs"]},
    ),
    "discard": Case([group(), plan(get=plan_id())], [group()], world={plan_id(): plan()["inputs"]}),
    "target": Case(
        [group(), plan()], [group(), plan("P0v3"), server()], f"{STEPS} --target **plan"
    ),
    "target-removed": Case(FIRST, [group(), plan("P0v3")], f"{STEPS} --target **plan"),
    "exclude": Case(
        [group(), plan()], [group(), plan("P0v3"), server()], f"{STEPS} --exclude **server"
    ),
    "refresh": Case(FIRST, FIRST, "refresh --preview-only --json"),
    "refresh-drift": Case(FIRST, FIRST, "refresh --preview-only --json", world=DRIFTED),
    "refresh-vanished": Case(FIRST, FIRST, "refresh --preview-only --json", world=VANISHED),
    "refresh-by-program": Case(
        FIRST,
        [*FIRST, declared("web:AppServicePlan", "second", plan()["inputs"])],
        "refresh --run-program --preview-only --json --show-sames",
    ),
    "refresh-by-program-vanished": Case(
        FIRST, FIRST, "refresh --run-program --preview-only --json --show-sames", world=VANISHED
    ),
    "preview-refresh": Case(FIRST, FIRST, REFRESH),
    "preview-refresh-drift": Case(FIRST, FIRST, REFRESH, world=DRIFTED),
    "preview-refresh-vanished": Case(FIRST, FIRST, REFRESH, world=VANISHED),
    "preview-refresh-vanished-stream": Case(
        FIRST, FIRST, REFRESH, world=VANISHED, environment=STREAMING
    ),
    "preview-refresh-vanished-and-removed": Case(
        FIRST, [group(), server()], REFRESH, world=VANISHED
    ),
    "preview-refresh-without-sames": Case(FIRST, FIRST, "preview --refresh --json"),
    "without-sames": Case(FIRST, FIRST, "preview --json"),
    "refresh-stream": Case(
        FIRST, FIRST, "refresh --preview-only --json", world=DRIFTED, environment=STREAMING
    ),
    "refresh-vanished-stream": Case(
        FIRST, FIRST, "refresh --preview-only --json", world=VANISHED, environment=STREAMING
    ),
    "destroy": Case(FIRST, FIRST, "destroy --preview-only --json"),
    "destroy-by-program": Case(
        FIRST, FIRST, "destroy --run-program --preview-only --json --show-sames"
    ),
    "stream": Case(FIRST, [group(), plan("P0v3"), server()], environment=STREAMING),
    "stream-secret": Case([], [group(), plan(secret=["sku"])], environment=STREAMING),
    "secret": Case([], [group(), plan(secret=["sku"])]),
    "update-stream": Case(
        FIRST, [group(), plan("P0v3"), server()], "up --yes --json", environment=STREAMING
    ),
    "stream-replace": Case(
        FIRST, [group(), plan("B1", "westeurope"), server()], environment=STREAMING
    ),
    "raised": Case([], [group(), {"raise": "no more"}, plan()]),
    "raised-stream": Case([], [group(), {"raise": "no more"}, plan()], environment=STREAMING),
    "printed-error": Case([], [*FIRST, {"print": "Error: this is only a word"}]),
    "printed-error-stream": Case(
        [], [*FIRST, {"print": "Error: this is only a word"}], environment=STREAMING
    ),
    "ended-without-a-word": Case([], [group(), {"exit": 32}, plan()]),
    "ended-without-a-word-stream": Case([], [group(), {"exit": 32}, plan()], environment=STREAMING),
    "deletion-pending": Case(
        FIRST,
        [group(), plan("B1", "westeurope"), server()],
        STEPS,
        interrupted=[group(), plan("B1", "westeurope"), server()],
        failing={"plan": ["Delete"]},
    ),
    "deletion-pending-refresh": Case(
        FIRST,
        [group(), plan("B1", "westeurope"), server()],
        REFRESH,
        interrupted=[group(), plan("B1", "westeurope"), server()],
        failing={"plan": ["Delete"]},
    ),
    "deletion-pending-state": Case(
        FIRST,
        [],
        "stack export",
        interrupted=[group(), plan("B1", "westeurope"), server()],
        failing={"plan": ["Delete"]},
    ),
    "replacement-pending": Case(
        FIRST,
        MOVED,
        STEPS,
        interrupted=MOVED,
        failing={"plan": ["Create"]},
    ),
    "replacement-pending-target": Case(
        FIRST,
        MOVED,
        f"{STEPS} --target **server",
        interrupted=MOVED,
        failing={"plan": ["Create"]},
    ),
    "replacement-pending-removed": Case(
        FIRST,
        [group(), server()],
        STEPS,
        interrupted=MOVED,
        failing={"plan": ["Create"]},
    ),
    "replacement-pending-state": Case(
        FIRST,
        [],
        "stack export",
        interrupted=MOVED,
        failing={"plan": ["Create"]},
    ),
    "state": Case(FIRST, [], "stack export"),
    "state-protected-and-tainted": Case(
        [group(), plan(options={"protect": True}), server(get="/made/server/eastus")],
        [],
        "stack export",
        world={"/made/server/eastus": server()["inputs"]},
        before=lambda stack: stack.pulumi("state", "taint", "--yes", stack.urn("plan")),
    ),
    "renamed": Case(
        [group(), plan()],
        [group(), {**plan("P0v3"), "name": "renamed", "options": {"aliases": ["ALIAS"]}}],
    ),
    "yaml": Case([], [], language="yaml"),
    "yaml-failed": Case([], [], language="yaml-failing"),
    "yaml-failed-stream": Case([], [], language="yaml-failing", environment=STREAMING),
    "go": Case([], [], language="go"),
    "typescript": Case([], [], language="nodejs"),
    "budget": Case(
        [
            group(),
            declared(
                "consumption:Budget",
                "monthly",
                {
                    "amount": 50,
                    "timeGrain": "Monthly",
                    "notifications": {
                        "a": {"enabled": True, "threshold": 50, "thresholdType": "Actual"}
                    },
                },
            ),
        ],
        [
            group(),
            plan(),
            declared(
                "consumption:Budget",
                "monthly",
                {
                    "amount": 50,
                    "timeGrain": "Monthly",
                    "notifications": {
                        "a": {"enabled": True, "threshold": 50, "thresholdType": "Actual"}
                    },
                },
            ),
        ],
    ),
}


class Stack:
    """A stack of the recorded program in a folder of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir()
        (folder / "Pulumi.yaml").write_text(
            json.dumps(
                {
                    "name": "made",
                    "runtime": {
                        "name": "python",
                        "options": {"virtualenv": str(ROOT / ".venv")},
                    },
                }
            )
        )
        (folder / "__main__.py").write_text((HERE / "program.py").read_text())
        self.world({}, {})
        self.declare([])
        self.environment = {
            **os.environ,
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "made",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "WORLD": str(folder / "world.json"),
        }
        self.pulumi("stack", "init", "test")

    def rewrite(self, language: str) -> None:
        """Replace the program by one in another language, and make it ready to run."""
        shutil.copytree(HERE / "languages" / language, self.folder, dirs_exist_ok=True)
        if language in ("go", "nodejs"):
            host = self.folder / f"pulumi-language-{language}"
            host.write_text(
                f'#!/bin/sh\nexec {sys.executable} {HERE / "host.py"} {language} "$@"\n'
            )
            host.chmod(0o755)
            self.environment["PATH"] += f"{os.pathsep}{self.folder}"
        command = {
            "go": "go mod tidy && go build -trimpath -o program .",
            "nodejs": "npm install --silent --ignore-scripts",
        }.get(language, "true")
        subprocess.run(command, shell=True, cwd=self.folder, check=True)  # noqa: S602

    def world(self, resources: Mapping[str, Entry | None], failing: Mapping[str, Any]) -> None:
        file = self.folder / "world.json"
        there = json.loads(file.read_text())["resources"] if file.exists() else {}
        there = {key: value for key, value in {**there, **resources}.items() if value is not None}
        file.write_text(json.dumps({"resources": there, "failing": failing}))

    def declare(self, entries: Sequence[Entry]) -> None:
        (self.folder / "declared.json").write_text(json.dumps(entries))

    def urn(self, name: str) -> str:
        listed = json.loads(self.pulumi("stack", "export"))["deployment"]["resources"]
        return next(one["urn"] for one in listed if one["urn"].endswith(f"::{name}"))

    def pulumi(self, *arguments: str, fails: bool | None = False, **environment: str) -> str:
        done = subprocess.run(
            [ROOT / ".frugal/bin/pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if fails is not None and (done.returncode != 0) != fails:
            sys.exit(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        print(f"  {' '.join(arguments)}: {done.returncode}", file=sys.stderr)
        return done.stdout


def record(name: str, case: Case, home: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="frugal-recording-") as folder:
        stack = Stack(Path(folder), home)
        first = {entry["get"]: entry["inputs"] for entry in case.deployed if "get" in entry}
        stack.world(first, {})
        stack.declare(case.deployed)
        if case.language:
            stack.rewrite(case.language)
        else:
            stack.pulumi("up", "--yes", "--skip-preview")
        if case.interrupted is not None:
            stack.world({}, case.failing)
            stack.declare(case.interrupted)
            stack.pulumi("up", "--yes", "--skip-preview", fails=True)
        stack.world(case.world, {})
        if case.before:
            case.before(stack)
        text = json.dumps(case.declared)
        if "ALIAS" in text:
            text = text.replace("ALIAS", stack.urn("plan"))
        stack.declare(json.loads(text))
        printed = stack.pulumi(*case.command.split(), fails=None, **case.environment)
        printed = printed.replace(folder, "/made").replace(str(ROOT), "/frugal")
        for old in RECORDED.glob(f"{name}.json*"):
            old.unlink()
        is_stream = printed.count('\n{"sequence":') > 0
        file = RECORDED / f"{name}.{'jsonl' if is_stream else 'json'}"
        if is_stream:
            lines = [rendered(one) for one in cleaned([*map(json.loads, printed.splitlines())])]
            file.write_text("".join(f"{line}\n" for line in lines))
        else:
            file.write_text(laid_out(cleaned(json.loads(printed))))


def cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items() if key not in LEFT_OUT}
    if isinstance(value, list):
        # The warning about a host on PATH names its folder; the end of a plugin is no part of it.
        return [
            cleaned(item)
            for item in value
            if not any(
                one in str(item) for one in ("using pulumi-language-", "'prefix': 'debug: '")
            )
        ]
    return value


def rendered(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def laid_out(document: Any, depth: int = 3) -> str:
    """JSON with a line for each step or resource."""
    if depth and isinstance(document, dict) and document:
        inner = ",\n".join(
            f"{rendered(key)}:{laid_out(value, depth - 1)}" for key, value in document.items()
        )
        return "{\n" + inner + "\n}"
    if depth and isinstance(document, list) and document:
        return "[\n" + ",\n".join(rendered(item) for item in document) + "\n]"
    return rendered(document)


def install_provider(home: Path) -> None:
    """Put the stub into a PULUMI_HOME as the azure-native plugin."""
    command = f'#!/bin/sh\nexec {sys.executable} {HERE / "provider.py"} "$WORLD"\n'.encode()
    archive = home / "plugin.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("pulumi-resource-azure-native")
        entry.mode, entry.size = 0o755, len(command)
        tar.addfile(entry, io.BytesIO(command))
    subprocess.run(
        [
            *(
                ROOT / ".frugal/bin/pulumi",
                "plugin",
                "install",
                "resource",
                "azure-native",
                VERSION,
            ),
            *("--file", str(archive)),
        ],
        env={**os.environ, "PULUMI_HOME": str(home)},
        check=True,
        capture_output=True,
    )


def main() -> None:
    RECORDED.mkdir(exist_ok=True)
    chosen = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory(prefix="frugal-recording-") as folder:
        home = Path(folder)
        install_provider(home)
        for name in chosen:
            print(name, file=sys.stderr)
            record(name, CASES[name], home)


if __name__ == "__main__":
    main()
