"""`frugal new site`: what it writes, and what it refuses before it writes anything."""

import ast
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frugal.commands import new
from frugal.errors import FrugalError
from frugal.paths import Checkout
from infra.settings import is_site_name
from infra.stacks.site import Site

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
"""
EMPTY = '''\
"""Sites."""

from collections.abc import Sequence

from infra.stacks.homepage import SITE as HOMEPAGE
from infra.stacks.site import Site
from infra.stacks.translator import SITE as TRANSLATOR

SITES: Sequence[Site] = (
    HOMEPAGE,
    TRANSLATOR,
)
"""Sites in order."""
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with a list of two sites; its uv writes a lock file without a network."""
    place = Checkout(tmp_path / "checkout")
    (place.root / "apps" / "homepage").mkdir(parents=True)
    (place.root / "infra" / "stacks").mkdir(parents=True)
    (place.root / "infra" / "stacks" / "__init__.py").write_text(EMPTY)
    for module in ("models", "stacks/homepage", "stacks/site", "stacks/translator"):
        (place.root / "infra" / f"{module}.py").write_text(f'"""Module {module}."""\n')
    uv = place.tool / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(
        '#!/bin/sh\n[ ! -e "$0.fails" ] || { echo no route >&2; exit 1; }\n'
        'echo "$@" >requirements.lock\n'
    )
    uv.chmod(0o755)
    monkeypatch.setattr(new, "checkout", lambda: place)
    return place


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A stranger's app."""
    folder = tmp_path / "stranger"
    (folder / ".git").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text("app = 1\n")
    return folder


def run(*arguments: object) -> str:
    """The lines that the command prints."""
    result = CliRunner().invoke(new.app, ["site", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.stdout


def files(place: Checkout) -> dict[str, str]:
    return {
        str(file.relative_to(place.root)): file.read_text()
        for file in place.root.rglob("*")
        if file.is_file() and place.tool not in file.parents
    }


def loaded(place: Checkout, name: str) -> Site:
    """The site that a written stack module defines."""
    file = place.root / "infra" / "stacks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"written_{name}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SITE


@pytest.mark.parametrize("framework", ["flask", "fastapi"])
def test_a_site_begins_with_an_app_of_the_framework(place: Checkout, framework: str) -> None:
    before = files(place)
    shown = run("blog", "--framework", framework)
    after = files(place)
    app = {"Dockerfile", ".dockerignore", "requirements.in", "requirements.lock"}
    app |= {"app/__init__.py", "app/main.py"}
    assert after.keys() - before.keys() == {
        *(f"apps/blog/{name}" for name in app),
        "infra/stacks/blog.py",
    }
    assert framework in after["apps/blog/requirements.in"]
    assert "--generate-hashes" in after["apps/blog/requirements.lock"]
    assert "port=8000" in after["infra/stacks/blog.py"]
    assert 'health_path="/healthz"' in after["infra/stacks/blog.py"]
    assert after["infra/stacks/__init__.py"] == EMPTY.replace(
        "from infra.stacks.homepage",
        "from infra.stacks.blog import SITE as BLOG\nfrom infra.stacks.homepage",
    ).replace("    TRANSLATOR,\n)", "    TRANSLATOR,\n    BLOG,\n)")
    site = loaded(place, "blog")
    assert site.name == "blog"
    assert site.settings().host == "containerApp"
    assert shown.splitlines() == [
        "Wrote apps/blog (6 files), infra/stacks/blog.py and an entry in infra/stacks/__init__.py.",
        "Next: make up",
    ]


def test_what_is_written_passes_the_checks_of_the_project(place: Checkout) -> None:
    for name in ("aaa", "shop2", "zoo"):
        run(name)
    shutil.copy(ROOT / "pyproject.toml", place.root)
    for words in (("format", "--check"), ("check",)):
        subprocess.run(
            [ROOT / ".venv" / "bin" / "ruff", *words, "--no-cache", place.root], check=True
        )


def test_a_copied_app_keeps_its_files_and_its_port(place: Checkout, app: Path) -> None:
    (app / ".env").write_text("PASSWORD=secret\n")
    shown = run("blog", "--from", app)
    after = files(place)
    assert "apps/blog/.env" not in after
    assert after["apps/blog/Dockerfile"] == DOCKERFILE
    assert "apps/blog/requirements.lock" not in after
    assert not (place.root / "apps" / "blog" / ".git").exists()
    assert ".venv" in after["apps/blog/.dockerignore"]
    assert "port=8000" in after["infra/stacks/blog.py"]
    assert "health_path=None" in after["infra/stacks/blog.py"]
    assert shown.splitlines()[1:] == ["In its container it listens on port 8000.", "Next: make up"]


@pytest.mark.parametrize(
    ("lines", "port", "note"),
    [
        ("EXPOSE 8000/tcp\nCMD gunicorn -b :80 app:app", 80, None),
        ('EXPOSE 8080 9090\nCMD ["python", "app.py"]', 8080, "has to read HOST and PORT"),
        ('CMD ["python", "app.py"]', 8000, "has to read HOST and PORT"),
        ("ENV WEB=5001\nEXPOSE $WEB\nCMD gunicorn app:app", 5001, None),
        ("EXPOSE 80\nCMD gunicorn -b :${PORT:-5002} app:app", 5002, None),
        ("ENV FLASK_RUN_PORT=80\nCMD flask run", 80, "does not reach 127.0.0.1"),
        ("CMD flask run --host=0.0.0.0", 5000, None),
        ("CMD gunicorn --bind unix:/run/app.sock app:app", 8000, "does not reach a Unix socket"),
        ("RUN uv sync\nCMD fastapi run", 8000, "line 2: RUN uv sync: not carried out"),
    ],
)
def test_the_port_is_that_of_the_dockerfile(
    place: Checkout, app: Path, lines: str, port: int, note: str | None
) -> None:
    (app / "Dockerfile").write_text(f"FROM python:3.12-slim\n{lines}\n")
    shown = run("blog", "--from", app)
    assert f"port={port}," in (place.root / "infra" / "stacks" / "blog.py").read_text()
    notes = shown.splitlines()[2:-1]
    assert [note in one for one in notes] == [True] if note else not notes


def test_a_file_that_may_set_the_port_is_named(place: Checkout, app: Path) -> None:
    (app / "gunicorn.conf.py").write_text('bind = "0.0.0.0:80"\n')
    assert "gunicorn.conf.py" not in run("blog", "--from", app)
    (app / "Dockerfile").write_text("FROM python:3.12-slim\nCMD gunicorn app:app\n")
    assert "If gunicorn.conf.py sets another port" in run("notes", "--from", app)


NAMES = ["Blog", "b", "my-blog", "9lives", "b" * 33, "edge", "postgres", "budget", "class", ""]


@pytest.mark.parametrize("name", [*NAMES, "homepage", "site", "sites", "models"])
def test_a_name_that_is_not_allowed_or_taken_writes_nothing(place: Checkout, name: str) -> None:
    (place.root / "infra" / "stacks" / "__init__.py").write_text(EMPTY + "MODELS = {}\n")
    before = files(place)
    with pytest.raises(FrugalError) as refused:
        run(name)
    assert refused.value.code == 2
    assert ("2 to 32 lower-case letters" in str(refused.value)) == (name in NAMES)
    assert files(place) == before
    assert [one.name for one in (place.root / "apps").iterdir()] == ["homepage"]


def test_no_allowed_name_shadows_one_that_the_list_of_sites_reads() -> None:
    # A site's module becomes an attribute of the package, which is a global name of the list.
    tree = ast.parse((ROOT / "infra" / "stacks" / "__init__.py").read_text())
    comprehended = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    read = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert "SITES" in read
    assert not [name for name in read - comprehended if is_site_name(name)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "has no Dockerfile"),
        ("FROM a\nFROM b\n", "several stages"),
        ("FROM python:3.12\n", "neither CMD nor ENTRYPOINT"),
        ("FROM python:3.12\nFROMM x\n", "not a known Dockerfile instruction"),
        ("FROM python:3.12\nCMD flask run --port 65536\n", "port 65536; allowed: 1 to 65535"),
        ("FROM python:3.12\nEXPOSE 0\nCMD python app.py\n", "port 0; allowed: 1 to 65535"),
        ("FROM python:3.12 # caf\xe9\n", "Dockerfile is not UTF-8 text"),
    ],
)
def test_a_folder_that_cannot_be_built_writes_nothing(
    place: Checkout, app: Path, text: str | None, message: str
) -> None:
    if text is None:
        (app / "Dockerfile").unlink()
    else:
        (app / "Dockerfile").write_text(text, encoding="latin-1")
    before = files(place)
    with pytest.raises(FrugalError, match=message):
        run("blog", "--from", app)
    assert files(place) == before


def test_a_file_that_cannot_be_copied_is_named(place: Checkout, app: Path) -> None:
    os.mkfifo(app / "pipe")
    with pytest.raises(FrugalError, match=f"{app} cannot be copied: {app}/pipe: "):
        run("blog", "--from", app)
    assert [one.name for one in (place.root / "apps").iterdir()] == ["homepage"]


@pytest.mark.parametrize("where", ["apps", "apps/homepage", ".", ".."])
def test_a_folder_of_the_checkout_is_not_copied(place: Checkout, where: str) -> None:
    folder = place.root / where
    (folder / "Dockerfile").write_text(DOCKERFILE)
    with pytest.raises(FrugalError, match="must not be in"):
        run("blog", "--from", folder)


def test_a_lock_that_fails_leaves_nothing(place: Checkout) -> None:
    Path(f"{place.uv}.fails").touch()
    before = files(place)
    with pytest.raises(FrugalError, match="could not be locked:\nno route\nNothing was written"):
        run("blog")
    assert files(place) == before
    assert [one.name for one in (place.root / "apps").iterdir()] == ["homepage"]


def test_a_list_that_cannot_be_written_leaves_nothing(
    place: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = files(place)
    monkeypatch.setattr("frugal.commands.new.writing.atomic_write", fail)
    with pytest.raises(OSError, match="No space"):
        run("blog")
    assert files(place) == before


def test_a_list_of_another_shape_is_not_touched(place: Checkout) -> None:
    (place.root / "infra" / "stacks" / "__init__.py").write_text("SITES = (HOMEPAGE,)\n")
    with pytest.raises(FrugalError, match="an entry a line"):
        run("blog")
    assert not (place.root / "apps" / "blog").exists()


def test_either_a_framework_or_a_folder(place: Checkout, app: Path) -> None:
    with pytest.raises(FrugalError, match="without --framework"):
        run("blog", "--from", app, "--framework", "flask")
