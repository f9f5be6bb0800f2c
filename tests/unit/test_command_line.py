"""The command line as people meet it: help pages, wrong arguments, progress, a narrow terminal."""

import importlib.metadata
import io
import runpy
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pulumi
import pytest
from rich.console import Console

from frugal import cli
from frugal.commands.status import browser_options, show
from frugal.terminal import progress, say

COMMANDS = [[], ["prices", "refresh"], *([name] for name in cli._COMMANDS)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str, columns: int = 80) -> tuple[object, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["frugal", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_breaks_no_word(run, command: list[str]) -> None:
    code, wide, _ = run(*command, "-h", columns=100)
    assert code == 0
    assert wide.startswith(" ".join(["Usage: frugal", *command]))
    assert "-h, --help" in wide
    for columns in (60, 40):
        _, narrow, _ = run(*command, "--help", columns=columns)
        assert narrow.split() == wide.split()
    for line in run(*command, "-h", columns=60)[1].splitlines():
        assert len(line) <= 60 or len(line.split()) == 1


def test_without_arguments_it_shows_its_help(run) -> None:
    assert run() == run("-h")


def test_the_version(run) -> None:
    assert run("--version") == (0, f"frugal {importlib.metadata.version('frugal')}\n", "")


WRONG = {
    "nosuch": "'nosuch'; there are: up, down, ",
    "new": "Missing command. `frugal new -h` ",
    "prices nosuch": "'nosuch'; there are: refresh. `frugal prices -h`",
    "--nosuch": "--nosuch. `frugal -h` ",
    "up --now": "--now. `frugal up -h` ",
    "logs": "'NAME'. `frugal logs -h` ",
    "logs edge -n few": "-n 'few' is not allowed; allowed: a number",
    "cost extra": "(extra). `frugal cost -h` ",
    "cost --set": "'--set' requires an argument. `frugal COMMAND -h` ",
    "cost --format pdf": "'pdf' is not one of 'table', 'json', 'markdown', 'html'. `frugal ",
    "cost -s nosuch": "'nosuch'; there are: dev, local, prod.",
    "compare nosuch": "'nosuch' to compare; there are: homepage, ",
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.items(), ids=WRONG)
def test_wrong_arguments_are_one_message_with_the_allowed_ones(
    run, arguments: str, said: str
) -> None:
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert said in err
    assert err.count("\n") == 1


LIST = "infra/stacks/__init__.py"
BLOG = "infra/stacks/blog.py"
RESTORE = "Restore the site's files, or delete its two lines there and its folder in apps/"
CORRECT = "Correct it, or remove the site"
NOWHERE = "ModuleNotFoundError: No module named 'infra.nosuch'"
BROKEN = [
    ("from infra.nosuch import SITE\n", "", f"{LIST} line 1: {NOWHERE}. {RESTORE}"),
    ("\nA = (B,)\n", "", f"{LIST} line 2: NameError: name 'B' is not defined. {RESTORE}"),
    ("import blog\n", "\n(1\n", f"{BLOG} line 2: SyntaxError: '(' was never closed. {CORRECT}"),
    ("import blog\n", "{}['key']\n", f"{BLOG} line 1: KeyError: 'key'. {CORRECT}"),
    ("import blog\n", "\nfrom json import a\n", f"{BLOG} line 2: ImportError: "),
    ("import blog\n", "\nimport json\njson.loads('')\n", f"{BLOG} line 3: json.decoder.JSON"),
]


@pytest.mark.parametrize("case", BROKEN, ids=[said for *_, said in BROKEN])
def test_a_site_that_cannot_be_imported_is_one_message(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: tuple[str, str, str]
) -> None:
    *texts, said = case
    for name, text in zip((LIST, BLOG), texts, strict=True):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "infra" / "stacks")
    sites = ModuleType("infra.stacks")
    listing = str(tmp_path / LIST)
    monkeypatch.setattr(sites, "__getattr__", lambda _: runpy.run_path(listing), raising=False)
    monkeypatch.setitem(sys.modules, "infra.stacks", sites)
    code, _, shown = run("compare", "homepage")
    assert code == 2
    assert shown.startswith(f"Error: {said}")
    assert shown.endswith(" (docs/adding-a-site.md).\n")
    assert shown.count("\n") == 1
    logged: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", logged.append)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("infra", run_name="__main__")
    assert (ended.value.code, f"Error: {logged[0]}\n") == (32, shown)


def test_a_terminal_without_unicode_gets_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "argv", ["frugal", "compare", "-h"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert b"homepage, translator, ?\n" in terminal.buffer.getvalue()


def test_a_message_is_wrapped_on_a_terminal_alone() -> None:
    terminal, pipe = io.StringIO(), io.StringIO()
    for console in (
        Console(file=terminal, force_terminal=True, width=20, no_color=True),
        Console(file=pipe, width=20),
    ):
        say(console, "No [b] such file: /a/long/path/that/stays-whole. Restore it.")
    assert "\n/a/long/path/that/stays-whole.\n" in terminal.getvalue()
    assert pipe.getvalue() == "No [b] such file: /a/long/path/that/stays-whole. Restore it.\n"


def test_progress_is_lines_where_there_is_no_terminal() -> None:
    shown = {}
    for every in (0, 60):
        console = Console(file=io.StringIO(), width=80)
        with progress(console, every=every) as show_step:
            for step in ("one", "two", "three"):
                show_step(step)
        shown[every] = console.file.getvalue()
    assert shown == {0: "one\ntwo\nthree\n", 60: "one\n"}


def test_status_fits_60_columns_and_explains_sleep() -> None:
    console = Console(file=io.StringIO(), width=60)
    sites = ("homepage", "homepage_origin", "translator", "translator_origin")
    urls = {name: f"http://localhost:{20000 + n}/" for n, name in enumerate(sites)}
    health = {"homepage": "asleep", "translator": "healthy", "postgres": "failed"}
    show(console, {"urls": urls, "health": health})
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert "asleep (wakes on a visit)" in " ".join(console.file.getvalue().split())
    for name, url in urls.items():
        assert any(line.split()[:2] == [name, url] for line in lines)


DOMAINS = {
    "port": 21345,
    "authority": "/srv/a folder/tls/ca.pem",
    "pin": "c3BraQ+/=",
    "names": {
        "example.org": "http://localhost:20001/",
        "gone.example": "http://localhost:20009/",
        "www.example.org": "http://localhost:20001/",
    },
}


@pytest.mark.parametrize("columns", [60, 120])
@pytest.mark.parametrize("terminal", [True, False])
def test_status_has_the_commands_that_open_own_domains(columns: int, terminal: bool) -> None:
    console = Console(
        file=io.StringIO(),
        width=columns,
        force_terminal=terminal,
        color_system=None,
        highlight=False,
    )
    urls = {"homepage": "http://localhost:20001/", "homepage_origin": "http://localhost:20002/"}
    show(console, {"urls": urls, "health": {"homepage": "healthy"}, "domains": DOMAINS})

    text = console.file.getvalue()
    if terminal:
        # Options that can't be divided are longer.
        shorter = [line for line in text.splitlines() if not line.startswith("    '--")]
        assert max(map(len, shorter)) <= columns
    lines = text.replace("\\\n", "").splitlines()
    assert "https://example.org/ (homepage)" in lines
    assert "https://gone.example/ (not running)" in lines
    commands = [shlex.split(line) for line in lines if line.startswith("  ")]
    assert [words for words in commands if words[0] == "curl"] == [
        [
            *("curl", "--connect-to", "::127.0.0.1:21345"),
            *("--cacert", "/srv/a folder/tls/ca.pem", f"https://{name}/"),
        ]
        for name in DOMAINS["names"]
    ]
    assert [words for words in commands if words[0] == "chromium"] == [
        ["chromium", "--user-data-dir=$(mktemp -d)", *browser_options(DOMAINS)]
    ]
    rules, trust = browser_options(DOMAINS)
    mapped = ", ".join(f"MAP {name} 127.0.0.1:21345" for name in DOMAINS["names"])
    assert rules == f"--host-resolver-rules={mapped}"
    assert trust == "--ignore-certificate-errors-spki-list=c3BraQ+/="
