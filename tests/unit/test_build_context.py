"""Content of a build context, and the same bytes for the same files."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from infra.components.build_context import ContextError, pack


@pytest.fixture
def app(tmp_path: Path) -> Path:
    for name in ("Dockerfile", "site/main.py", "site/__pycache__/main.pyc", "tests/test_main.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"content of {name}")
    (tmp_path / "site" / "__pycache__").mkdir(exist_ok=True)
    return tmp_path


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return tar.getnames()


def test_everything_without_an_ignore_file(app: Path) -> None:
    assert names(pack(app).archive) == [
        "Dockerfile",
        "site/__pycache__/main.pyc",
        "site/main.py",
        "tests/test_main.py",
    ]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("tests", ["Dockerfile", "site/__pycache__/main.pyc", "site/main.py"]),
        ("/tests/", ["Dockerfile", "site/__pycache__/main.pyc", "site/main.py"]),
        ("./tests", ["Dockerfile", "site/__pycache__/main.pyc", "site/main.py"]),
        (
            "main.py",
            ["Dockerfile", "site/__pycache__/main.pyc", "site/main.py", "tests/test_main.py"],
        ),
        ("**/*.pyc", ["Dockerfile", "site/main.py", "tests/test_main.py"]),
        ("**/__pycache__", ["Dockerfile", "site/main.py", "tests/test_main.py"]),
        ("# comment\n\n*\n!site\n**/*.pyc", ["Dockerfile", "site/main.py"]),
        (
            "Dockerfile\n.*",
            ["Dockerfile", "site/__pycache__/main.pyc", "site/main.py", "tests/test_main.py"],
        ),
    ],
)
def test_ignored_as_docker_does(app: Path, patterns: str, left: list[str]) -> None:
    (app / ".dockerignore").write_text(patterns)
    assert [name for name in names(pack(app).archive) if name != ".dockerignore"] == left


def test_hidden_files_can_be_ignored(app: Path) -> None:
    (app / ".venv").mkdir()
    (app / ".venv" / "pyvenv.cfg").write_text("")
    assert ".venv/pyvenv.cfg" in names(pack(app).archive)
    (app / ".dockerignore").write_text(".venv\n")
    assert ".venv/pyvenv.cfg" not in names(pack(app).archive)


def test_times_and_places_do_not_count(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = pack(app)
    for file in app.rglob("*"):
        os.utime(file, (1, 1))
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "clone"
    app.rename(elsewhere)
    (elsewhere / "site" / "main.py").chmod(0o600)
    assert pack(elsewhere) == before


@pytest.mark.parametrize("change", ["content", "name", "executable"])
def test_content_names_and_the_right_to_run_count(app: Path, change: str) -> None:
    before = pack(app).digest
    main = app / "site" / "main.py"
    if change == "content":
        main.write_text("other")
    elif change == "name":
        main.rename(main.with_name("other.py"))
    else:
        main.chmod(0o755)
    assert pack(app).digest != before


def test_an_ignored_file_does_not_count(app: Path) -> None:
    (app / ".dockerignore").write_text("tests")
    before = pack(app).digest
    (app / "tests" / "test_more.py").write_text("")
    assert pack(app).digest == before


def test_links_stay_links(app: Path) -> None:
    (app / "latest").symlink_to("site/main.py")
    with tarfile.open(fileobj=io.BytesIO(pack(app).archive), mode="r:gz") as tar:
        assert tar.getmember("latest").linkname == "site/main.py"


def test_no_dockerfile(tmp_path: Path) -> None:
    folder = tmp_path / "apps" / "blog"
    folder.mkdir(parents=True)
    with pytest.raises(ContextError, match=r"^apps/blog has no Dockerfile.*adding-a-site"):
        pack(folder)
