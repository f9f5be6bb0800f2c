"""Images built from real contexts, with the real uv, and run."""

import asyncio
import gzip
import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from frugal.cloud.images import BuildError, Image, Images
from frugal.cloud.images.dockerfile import Copy, read
from frugal.cloud.spawn import Accounts, Reaper

SIMPLE = """\
FROM python:3.11-slim
ENV GREETING="hello world" TWICE=${GREETING:-none}
WORKDIR /code
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY app app
EXPOSE 8000
USER 65532
CMD ["python", "-m", "app"]
"""


def context(files: Mapping[str, str | bytes], *, time: int = 0, reverse: bool = False) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in sorted(files.items(), reverse=reverse):
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), time
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def simple(**files: str) -> dict[str, str]:
    return {
        "Dockerfile": SIMPLE,
        "requirements.lock": "",
        "app/__main__.py": "print('ran')\n",
        **files,
    }


def wheel() -> tuple[str, bytes]:
    """A wheel of one module and a command, so that hashes are checked without a package index."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("tiny.py", "VALUE = 42\n\ndef main():\n    print(VALUE)\n")
        info = "tiny-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ntiny = tiny:main\n")
        archive.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")
    return "wheels/tiny-1.0-py3-none-any.whl", out.getvalue()


def images_in(folder: Path, reaper: Reaper) -> Images:
    return Images(Accounts(folder), reaper)


def folders(place: Path) -> list[str]:
    return [path.name for path in place.iterdir() if path.is_dir()]


def run(image: Image, **more: str) -> str:
    return subprocess.run(
        image.command,
        cwd=image.workdir,
        env={**image.environment, **more},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


async def test_a_simple_image_runs_in_its_own_environment(tmp_path: Path, reaper: Reaper) -> None:
    lines: list[str] = []
    main = "import os, sys\nprint(sys.prefix, os.getcwd(), os.environ['TWICE'])\n"
    image = await images_in(tmp_path, reaper).build(
        context(simple(**{"app/__main__.py": main})),
        dockerfile="Dockerfile",
        repository="app",
        log=lines.append,
    )
    assert image.user == 65532
    assert dict(image.environment) == {
        "PATH": f"{image.folder}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "GREETING": "hello world",
        "TWICE": "none",
    }
    assert run(image).split() == [f"{image.folder}/venv", str(image.workdir), "none"]
    assert (image.workdir / "app" / "__pycache__").is_dir()
    assert any(line.startswith("Note: FROM python:3.11-slim") for line in lines)


async def test_the_same_content_is_built_once(tmp_path: Path, reaper: Reaper) -> None:
    images, lines = images_in(tmp_path, reaper), list[str]()
    first = await images.build(
        context(simple()), dockerfile="Dockerfile", repository="app", log=lines.append
    )
    second = await images.build(
        context(simple(), time=5, reverse=True),
        dockerfile="Dockerfile",
        repository="app",
        log=lines.append,
    )
    assert second == first
    assert "nothing to do" in lines[-1]
    assert images_in(tmp_path, reaper).get(first.digest) == first
    other = await images.build(
        context(simple(**{"app/__main__.py": "print(2)"})),
        dockerfile="Dockerfile",
        repository="app",
        log=print,
    )
    assert other.digest != first.digest


@pytest.mark.parametrize("links", [True, False])
async def test_packages_of_the_same_hashes_are_installed_once(
    links: bool, tmp_path: Path, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a daemon that starts later; other packages, or without hashes, are not shared.

    Some file systems have no links.
    """

    def refuse(_file: str, _to: str) -> None:
        raise PermissionError

    if not links:
        monkeypatch.setattr("frugal.cloud.images.builder.os.link", refuse)
    name, content = wheel()
    locked = f"tiny @ ./{name} --hash=sha256:{sha256(content).hexdigest()}\n"
    copied = SIMPLE.replace(
        "COPY requirements.lock .", "COPY requirements.lock .\nCOPY wheels wheels"
    )
    loose = copied.replace("--require-hashes ", "")

    async def installs(dockerfile: str, lock: str, main: str, said: str) -> bool:
        lines: list[str] = []
        files = {"Dockerfile": dockerfile, "requirements.lock": lock, name: content}
        image = await images_in(tmp_path, reaper).build(
            context({**files, "app/__main__.py": main}),
            dockerfile="Dockerfile",
            repository="app",
            log=lines.append,
        )
        assert run(image) == said
        # As another user runs it, nothing is compiled later.
        assert lock == "" or list(image.folder.glob("venv/**/__pycache__/tiny.*.pyc"))
        return any(line.startswith("RUN uv pip install") for line in lines)

    assert await installs(copied, locked, "import tiny; print(tiny.VALUE)", "42\n")
    assert not await installs(copied, locked, "import tiny; print(tiny.VALUE + 1)", "43\n")
    other = "import importlib.util; print(importlib.util.find_spec('tiny'))"
    assert await installs(copied, "", other, "None\n")
    assert await installs(loose, locked, "import tiny; print(tiny.VALUE + 2)", "44\n")
    assert await installs(loose, locked, "import tiny; print(tiny.VALUE + 3)", "45\n")


async def test_a_half_built_image_is_never_used(tmp_path: Path, reaper: Reaper) -> None:
    images = images_in(tmp_path, reaper)
    broken = simple(Dockerfile=SIMPLE + "COPY missing .\n")
    with pytest.raises(BuildError, match="COPY missing: no such file"):
        await images.build(context(broken), dockerfile="Dockerfile", repository="app", log=print)
    assert folders(tmp_path / "images") == []

    whole = await images.build(
        context(simple()), dockerfile="Dockerfile", repository="app", log=print
    )
    (tmp_path / "images" / "0123456789ab-killed").mkdir()
    again = images_in(tmp_path, reaper)
    assert folders(tmp_path / "images") == [whole.folder.name]
    (whole.folder / "venv" / "bin" / "python").unlink()
    assert again.get(whole.digest) is None
    mended = await again.build(
        context(simple()), dockerfile="Dockerfile", repository="app", log=print
    )
    assert run(mended) == "ran\n"


async def test_hashes_are_required_as_written(tmp_path: Path, reaper: Reaper) -> None:
    name, content = wheel()
    good = f"tiny @ ./{name} --hash=sha256:{sha256(content).hexdigest()}\n"
    files = {
        "Dockerfile": SIMPLE.replace("COPY requirements.lock .", "COPY . ."),
        "app/__main__.py": "import tiny; print(tiny.VALUE)",
        name: content,
    }
    image = await images_in(tmp_path, reaper).build(
        context({**files, "requirements.lock": good}),
        dockerfile="Dockerfile",
        repository="app",
        log=print,
    )
    assert run(image) == "42\n"
    for bad in (good.replace(sha256(content).hexdigest(), "0" * 64), f"tiny @ ./{name}\n"):
        with pytest.raises(BuildError, match=r"(?is)uv pip install.*hash"):
            await images_in(tmp_path, reaper).build(
                context({**files, "requirements.lock": bad}),
                dockerfile="Dockerfile",
                repository="app",
                log=print,
            )


async def test_packages_are_installed_from_paths_of_the_image_and_from_mounts(
    tmp_path: Path, reaper: Reaper
) -> None:
    name, content = wheel()
    dockerfile = """\
FROM python:3.11-slim
WORKDIR /code
COPY ./wheels /wheels
RUN --mount=type=cache,target=/root/.cache/pip \\
    --mount=type=bind,source=requirements.txt,target=requirements.txt \\
    python -m pip install --no-index --find-links=/wheels -r /code/requirements.txt
CMD ["tiny"]
"""
    files = {"Dockerfile": dockerfile, "requirements.txt": "tiny\n", name: content}
    image = await images_in(tmp_path, reaper).build(
        context(files), dockerfile="Dockerfile", repository="app", log=print
    )
    assert run(image) == "42\n"


async def test_a_folder_of_images_may_be_moved(tmp_path: Path, reaper: Reaper) -> None:
    name, content = wheel()
    files = {
        "Dockerfile": SIMPLE.replace("COPY requirements.lock .", "COPY . .").replace(
            '"python", "-m", "app"', '"/usr/local/bin/tiny"'
        ),
        "requirements.lock": f"tiny @ ./{name} --hash=sha256:{sha256(content).hexdigest()}\n",
        name: content,
    }
    before = tmp_path / 'a "place"'
    image = await images_in(before, reaper).build(
        context(simple() | files), dockerfile="Dockerfile", repository="app", log=print
    )
    assert run(image) == "42\n"
    after = before.rename(tmp_path / "another place")
    moved = images_in(after, reaper).get(image.digest)
    assert moved is not None
    assert moved.folder == after.resolve() / "images" / image.folder.name or (
        moved.folder == image.folder  # of root, behind a closed folder
    )
    assert run(moved) == "42\n"
    assert str(before) not in f"{moved}"


async def test_paths_of_the_image_become_paths_here(tmp_path: Path, reaper: Reaper) -> None:
    dockerfile = """\
FROM python:3.11
ARG PLACE=/srv
ENV PYTHONPATH=$PLACE/lib:/nowhere PATH=/srv/bin:$PATH
WORKDIR $PLACE
COPY lib/ lib/
COPY bin/ /srv/bin/
ENTRYPOINT ["/usr/local/bin/python", "/srv/bin/main.py"]
CMD ["/srv", "/tmp"]
"""
    files = {
        "Dockerfile": dockerfile,
        "lib/thing.py": "NAME = 'thing'",
        "bin/main.py": "import sys, thing; print(thing.NAME, *sys.argv[1:])",
    }
    image = await images_in(tmp_path, reaper).build(
        context(files), dockerfile="Dockerfile", repository="app", log=print
    )
    root = image.folder / "root"
    assert run(image) == f"thing {root}/srv /tmp\n"
    assert image.environment["PYTHONPATH"] == f"{root}/srv/lib:/nowhere"
    assert image.environment["PATH"].startswith(f"{root}/srv/bin:{image.folder}/venv/bin:")
    assert any("ENV PYTHONPATH" in note for note in image.notes)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("../evil", None),
        ("/etc/evil", None),
        ("a/../../evil", None),
        ("a", "../evil"),
        ("a", "/etc"),
    ],
)
async def test_a_context_cannot_reach_outside(
    tmp_path: Path, name: str, link: str | None, reaper: Reaper
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        if link is not None:
            member.type, member.linkname = tarfile.SYMTYPE, link
        archive.addfile(member, io.BytesIO())
    with pytest.raises(BuildError, match="a path outside itself"):
        await images_in(tmp_path, reaper).build(
            out.getvalue(), dockerfile="Dockerfile", repository="app", log=print
        )


async def test_a_copy_cannot_write_through_a_link(tmp_path: Path, reaper: Reaper) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        link = tarfile.TarInfo("deep/link")
        link.type, link.linkname = tarfile.SYMTYPE, ".."
        archive.addfile(link)
        text = b"FROM python:3.11\nCOPY deep /\nCOPY Dockerfile /link/x/\n"
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    with pytest.raises(BuildError, match="out of the image"):
        await images_in(tmp_path, reaper).build(
            out.getvalue(), dockerfile="Dockerfile", repository="app", log=print
        )


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no tar"), b"\x1f\x8b\x08"])
async def test_what_is_no_archive_is_refused(
    tmp_path: Path, content: bytes, reaper: Reaper
) -> None:
    with pytest.raises(BuildError, match=r"tar\.gz|no file Dockerfile"):
        await images_in(tmp_path, reaper).build(
            content, dockerfile="Dockerfile", repository="app", log=print
        )


def test_compilation_is_no_omission_since_every_image_is_compiled() -> None:
    lines = "FROM python:3.11\nCOPY app app\nRUN python -m compileall -q app"
    recipe = read(lines, inherited={})
    assert (recipe.notes, len(recipe.steps)) == ([], 1)


def test_what_cannot_be_carried_out_is_named() -> None:
    recipe = read(
        """\
FROM python:3.11
RUN apt-get update && pip install -r a.txt && useradd app
RUN pip install --target /x y
HEALTHCHECK CMD curl localhost
VOLUME /data
COPY --from=other /uv /bin/
ADD https://example.org/x /x
USER app
""",
        inherited={},
    )
    named = "\n".join(recipe.notes)
    for part in ("apt-get update", "useradd app", "--target", "HEALTHCHECK", "VOLUME", "--from"):
        assert part in named
    assert "line 7: ADD" in named
    assert "USER app" in named
    assert recipe.user is None
    assert len(recipe.steps) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no FROM"),
        ("RUN x\nFROM python:3.11", "before FROM"),
        ("FROM python:3.11 AS a\nFROM python:3.11", r"line 2: FROM .*several stages.* COPY it\."),
        ("FROM node:22 AS pages\nFROM python:3.11", "several stages"),
        ("FROM python:3.11\nFROMM x", "not a known Dockerfile instruction"),
        ("FROM python:3.11\nRUN <<EOF\nx\nEOF", "here-document"),
        ("FROM python:3.11\nCOPY x", "needs sources and a target"),
    ],
)
def test_a_dockerfile_that_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        read(text, inherited={})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pip install --no-cache-dir -r a.lock", ("install", "-r", "a.lock")),
        ("python3 -m pip install --require-hashes -ra.lock", None),
        ("uv pip sync --system a.lock", ("sync", "a.lock")),
        ("X=1 pip3 install -U 'a>1' b", ("install", "-U", "a>1", "b")),
        ("pip install --requirement=a --timeout 3", ("install", "--requirement=a")),
        ("pip install a > log", None),
        ("pip uninstall a", None),
        ("uv sync", None),
    ],
)
def test_installations_are_recognised(line: str, words: tuple[str, ...] | None) -> None:
    recipe = read(f"FROM python:3.11\nRUN --mount=type=cache,target=/c {line}", inherited={})
    if words is None:
        assert recipe.steps == []
        assert len(recipe.notes) == 1
        return
    (step,) = recipe.steps
    assert not isinstance(step, Copy)
    assert step.words == words


@pytest.mark.parametrize(
    ("lines", "command"),
    [
        ('CMD ["a", "b"]', ("a", "b")),
        ('ENTRYPOINT ["a"]\nCMD ["b"]', ("a", "b")),
        ("CMD exec a $PORT", ("/bin/sh", "-c", "exec a $PORT")),
        ('ENTRYPOINT a\nCMD ["b"]', ("/bin/sh", "-c", "a")),
        ('CMD ["a"]\nCMD ["b"]', ("b",)),
        ('ENTRYPOINT []\nCMD ["b"]', ("b",)),
        ('ENTRYPOINT ["/bin/sh", "-c"]\nCMD ["b"]', ("/bin/sh", "-c", "b")),
        ("CMD []", ()),
        ("", ()),
    ],
)
def test_commands(lines: str, command: tuple[str, ...]) -> None:
    assert read(f"FROM python:3.11\n{lines}", inherited={}).command == command


@pytest.mark.parametrize(
    ("lines", "base", "python"),
    [
        (
            "ARG V=3.12\nFROM --platform=linux/amd64 docker.io/python:${V}-slim",
            "docker.io/python:3.12-slim",
            "3.12",
        ),
        ("ARG BASE=python:3.12-slim@sha256:00\nFROM ${BASE}", "python:3.12-slim@sha256:00", "3.12"),
        (
            "ARG BASE=r.azurecr.io/python:3.12\nFROM $BASE AS app",
            "r.azurecr.io/python:3.12",
            "3.12",
        ),
        ("FROM python@sha256:00", "python@sha256:00", None),
        ("FROM r.azurecr.io/own-python:1", "r.azurecr.io/own-python:1", None),
        (
            "FROM ghcr.io/astral-sh/uv:python3.12-alpine",
            "ghcr.io/astral-sh/uv:python3.12-alpine",
            None,
        ),
    ],
)
def test_the_python_of_a_base_is_that_of_its_tag(lines: str, base: str, python: str | None) -> None:
    recipe = read(lines, inherited={})
    assert (recipe.base, recipe.python) == (base, python)


async def test_without_uv_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reaper: Reaper
) -> None:
    monkeypatch.delenv("FRUGAL_UV", raising=False)
    monkeypatch.setenv("PATH", os.defpath)
    module = tmp_path / "a" / "b" / "c" / "builder.py"
    monkeypatch.setattr("frugal.cloud.images.builder.__file__", str(module))
    with pytest.raises(BuildError, match="make up"):
        await images_in(tmp_path, reaper).build(
            context(simple()), dockerfile="Dockerfile", repository="app", log=print
        )


def test_exposed_ports_are_read() -> None:
    lines = "FROM python:3.11\nENV WEB=5001\nEXPOSE 80/tcp $WEB\nEXPOSE 53/udp"
    assert read(lines, inherited={}).exposed == [80, 5001]


@pytest.mark.parametrize("line", ["FROM $NOPE", "FROM python:3.11-slim\nCOPY 'a b"])
async def test_a_line_that_makes_no_sense_is_named(
    tmp_path: Path, line: str, reaper: Reaper
) -> None:
    files = simple(Dockerfile=f"{line}\nCMD python main.py\n")
    where = f"Dockerfile line {line.count(chr(10)) + 1}"
    with pytest.raises(BuildError, match=where):
        await images_in(tmp_path, reaper).build(
            context(files), dockerfile="Dockerfile", repository="app", log=print
        )


async def test_what_builds_ends_with_the_daemon(
    tmp_path: Path, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho installing\nexec sleep 600\n")
    uv.chmod(0o755)
    monkeypatch.setenv("FRUGAL_UV", str(uv))
    begun = asyncio.Event()

    def log(line: str) -> None:
        if line == "installing":
            begun.set()

    images = images_in(tmp_path, reaper)
    building = images.build(context(simple()), dockerfile="Dockerfile", repository="app", log=log)
    task = asyncio.create_task(building)
    async with asyncio.timeout(60):
        await begun.wait()
        await reaper.stop()
        with pytest.raises(BuildError, match="failed:\ninstalling"):
            await task
    assert folders(tmp_path / "images") == []


async def test_a_long_line_of_a_tool_breaks_nothing(
    tmp_path: Path, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x\nexit 1\n")
    uv.chmod(0o755)
    monkeypatch.setenv("FRUGAL_UV", str(uv))
    images = images_in(tmp_path, reaper)
    lines: list[str] = []
    with pytest.raises(BuildError, match="failed"):
        await images.build(
            context(simple()), dockerfile="Dockerfile", repository="app", log=lines.append
        )
    assert "".join(lines).count("x") >= 300_000
