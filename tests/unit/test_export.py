"""`frugal export` and the upload, with stand-ins for the user's Pulumi, the app and Azure."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from frugal.commands import export
from frugal.errors import FrugalError
from frugal.paths import Checkout

ROOT = Path(__file__).parents[2]
FILES = {"host": "staticSite", "cdn": "none"}
SHEET = {"sheet": {"id": "the-sheet", "apiKey": {"secure": "ciphertext"}}}
DEPLOYED = {"homepageUrl": "https://calm-sea-1.example", "homepageName": "homepage1"}
APP = """#!/bin/sh
printf '%s\\n' "$PWD" "$SHEET_ID" "$SHEETS_API_KEY" "$SHEET_CSV_TALKS" "$BLOG_FEED" "$@"
"""

Run = Callable[..., None]


def script(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose app prints what it is given, and whose user's shell has a sheet."""
    place = Checkout(tmp_path)
    (tmp_path / "apps" / "homepage").mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    app = script(tmp_path / "app", APP)
    monkeypatch.setattr(export, "own_checkout", lambda: place)
    monkeypatch.setattr(export, "_python", lambda _place: app)
    monkeypatch.setenv("SHEET_CSV_TALKS", "https://the.shell")
    monkeypatch.setenv("BLOG_FEED", "https://the.shell")
    return place


@pytest.fixture
def run(place: Checkout, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Export the homepage of `dev` as its file and its stack's outputs have it."""

    def run(homepage: object, outputs: object, folder: Path | None = None) -> None:
        (place.root / "Pulumi.dev.yaml").write_text(
            yaml.safe_dump({"config": {"frugal:homepage": homepage}})
        )
        answers = f"case \"$*\" in stack*) echo '{json.dumps(outputs)}';; *) echo the-key;; esac"
        pulumi = script(place.root / "pulumi", f'#!/bin/sh\necho "$@" >> calls\n{answers}\n')
        monkeypatch.setattr(export, "install_cli", lambda _place, _console: pulumi)
        export.export("homepage", environment="dev", folder=folder)

    return run


def test_the_app_gets_the_address_and_the_content_of_the_environment(
    run: Run, place: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    run(FILES | SHEET | {"blogFeed": "https://blog.example/feed/"}, DEPLOYED)
    folder, sheet, key, csv, feed, *arguments = capsys.readouterr().out.splitlines()
    assert (folder, sheet, key, csv) == (f"{place.root}/apps/homepage", "the-sheet", "the-key", "")
    assert feed == "https://blog.example/feed/"
    assert arguments == [
        *("-m", "flask", "--app", "homepage", "export", f"{place.root}/apps/homepage/site"),
        *("--base-url", "https://calm-sea-1.example"),
    ]
    quietly = "--non-interactive --color never"
    assert (place.root / "calls").read_text().splitlines() == [
        f"stack output --json -s dev {quietly}",
        f"config get --path homepage.sheet.apiKey -s dev {quietly}",
    ]


def test_the_folder_may_be_another(
    run: Run, place: Checkout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.root)
    run(FILES, DEPLOYED, Path("public"))
    told = capsys.readouterr().out.splitlines()
    assert f"{place.root}/public" in told
    assert "https://the.shell" not in told
    assert "config" not in (place.root / "calls").read_text()


@pytest.mark.parametrize(
    ("homepage", "outputs", "code", "told"),
    [
        ({}, DEPLOYED, 2, "The host of the homepage in dev is containerApp; allowed: staticSite"),
        (FILES, {}, 1, "dev has no homepage of files yet: pulumi up -s dev creates it"),
    ],
)
def test_what_is_not_files_is_refused(
    run: Run, homepage: object, outputs: object, code: int, told: str
) -> None:
    with pytest.raises(FrugalError, match=told) as caught:
        run(homepage, outputs)
    assert caught.value.code == code


def test_a_failure_has_the_reason_of_the_app_or_of_pulumi(run: Run, place: Checkout) -> None:
    script(place.root / "app", "#!/bin/sh\necho a log line >&2; echo 'Error: no sheet' >&2; exit 1")
    with pytest.raises(FrugalError, match=r"^The homepage was not exported: no sheet$"):
        run(FILES, DEPLOYED)
    broken = script(place.root / "broken", "#!/bin/sh\necho 'error: no login' >&2; exit 255")
    with pytest.raises(FrugalError, match=r"^pulumi stack output failed: no login$"):
        export._own_pulumi(place, broken)("stack", "output", "-s", "dev")


@pytest.fixture
def upload(tmp_path: Path) -> Callable[[], list[str]]:
    """Run the commands of the guide; return the calls of its programs, each with the token."""
    guide = (ROOT / "docs" / "operating.md").read_text()
    commands = re.search(r"```\n(\.venv/bin/frugal export .+?)```", guide, re.DOTALL)
    assert commands
    note = 'echo "${0##*/} [$SWA_CLI_DEPLOYMENT_TOKEN] $*" >> calls; echo "the-${0##*/}"'
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in (".venv/bin/frugal", "az", "npx", "pulumi"):
        script(tmp_path / name, f"#!/bin/sh\n{note}\n")

    def upload() -> list[str]:
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        subprocess.run(["sh", "-c", commands[1]], cwd=tmp_path, env=path, check=False)
        return (tmp_path / "calls").read_text().splitlines()

    return upload


def test_the_client_gets_the_token_and_the_folder(upload: Callable[[], list[str]]) -> None:
    """By variable and options of Azure/static-web-apps-cli 2.0.10 (src/cli/commands/deploy)."""
    *fetching, uploading = upload()
    assert fetching == [
        "frugal [] export homepage -s dev",
        "pulumi [] stack output homepageName -s dev",
        "az [] staticwebapp secrets list --name the-pulumi --query properties.apiKey --output tsv",
    ]
    client, options = uploading.split(" deploy ")
    assert client == "npx [the-az] --yes @azure/static-web-apps-cli@2.0.10"
    assert options == "--app-location apps/homepage --output-location site --env production"


def test_without_a_token_nothing_is_uploaded(
    upload: Callable[[], list[str]], tmp_path: Path
) -> None:
    script(tmp_path / "az", "#!/bin/sh\nexit 1\n")
    assert not [call for call in upload() if call.startswith("npx")]


def test_only_the_homepage_is_files() -> None:
    with pytest.raises(FrugalError, match="'translator' cannot be exported; allowed: homepage"):
        export.export("translator")
