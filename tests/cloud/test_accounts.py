"""Users and places of environments, where the platform is root and where it is not."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frugal.atomic import atomic_write
from frugal.cloud.errors import CloudError
from frugal.cloud.images.opening import open_for_apps
from frugal.cloud.spawn import Accounts, accounts

ROOT = os.geteuid() == 0


@pytest.fixture
def opened() -> Iterator[Path]:
    """A folder that every user may pass through, as a checkout outside of a closed home."""
    folder = Path(tempfile.mkdtemp(prefix="frugal-open-"))
    folder.chmod(0o711)
    yield folder
    accounts.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder behind a closed one: pytest's are their owner's alone."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    accounts.remove(folder)


def places_in(room: Path) -> set[str]:
    return {place.name for place in room.iterdir()}


def test_each_name_has_a_user_of_its_own_and_keeps_it(opened: Path, closed: Path) -> None:
    first, second = Accounts(opened), Accounts(closed)
    given = [one.number(name) for one in (first, second) for name in ("homepage", "translator")]
    if not ROOT:
        assert given == [None] * 4
        return
    groups = {first.group, second.group}
    assert len({*given, *groups}) == 6
    assert [Accounts(opened).number(name) for name in ("translator", "homepage")] == given[1::-1]
    first.release("homepage")
    assert Accounts(opened).number("another") == given[0]


@pytest.mark.skipif(not ROOT, reason="an ordinary user has one id, its own")
def test_no_two_share_a_user_where_there_are_too_many(opened: Path) -> None:
    own = Accounts(opened)
    given = {own.number(str(name)) for name in range(accounts.SIZE - 1)}
    assert given == set(range(own.group + 1, own.group + accounts.SIZE))
    with pytest.raises(CloudError, match="at most 31 apps, jobs, servers"):
        own.number("one more")


def test_a_place_lies_where_others_get_to_it(opened: Path, closed: Path, room: Path) -> None:
    reached, hidden = Accounts(opened).place("images"), Accounts(closed).place("images")
    assert reached == opened / "images"
    assert (closed / "images").resolve() == hidden
    if not ROOT:
        assert [p.stat().st_mode & 0o777 for p in (reached, hidden)] == [0o700] * 2
        return
    assert hidden.parent.parent == room
    assert hidden.parent.stat().st_mode & 0o777 == 0o711
    for own, place in ((Accounts(opened), reached), (Accounts(closed), hidden)):
        status = place.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, own.group, 0o710)


def test_what_was_there_goes_along_when_a_folder_is_closed(opened: Path) -> None:
    (Accounts(opened).place("postgres") / "row").write_text("hello")
    opened.chmod(0o700)
    assert (Accounts(opened).place("postgres") / "row").read_text() == "hello"
    opened.chmod(0o711)
    assert (Accounts(opened).place("postgres") / "row").read_text() == "hello"
    assert (opened / "postgres" / "row").read_text() == "hello"


@pytest.mark.skipif(not ROOT, reason="nothing lies outside of an ordinary user's environment")
def test_an_environment_is_removed_while_another_one_sweeps(
    closed: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = room / str(Accounts(closed).group)
    (Accounts(closed).place("postgres") / "row").write_text("hello")
    remove_tree = shutil.rmtree
    removals: list[Path] = []

    def rmtree(path: Path, **more: bool) -> None:
        removals.append(path)
        if len(removals) == 1:
            (path / "environment").unlink()
            accounts.sweep()
        remove_tree(path, **more)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    assert accounts.remove(closed) == [place]
    assert len(removals) == 1
    assert not removals[0].exists()


def test_a_moved_environment_keeps_what_lies_outside(closed: Path, room: Path) -> None:
    (Accounts(closed).place("postgres") / "row").write_text("hello")
    there = places_in(room)
    moved = closed.rename(closed.with_name("moved"))
    assert (Accounts(moved).place("postgres") / "row").read_text() == "hello"
    assert places_in(room) == there
    accounts.sweep()
    assert (moved / "postgres" / "row").exists()
    accounts.remove(moved)


@pytest.mark.skipif(not ROOT, reason="nothing lies outside of an ordinary user's environment")
def test_a_copied_environment_shares_nothing_with_the_first(closed: Path) -> None:
    own = Accounts(closed)
    (own.place("postgres") / "row").write_text("hello")
    copy = closed.with_name("copy")
    shutil.copytree(closed, copy, symlinks=True)
    second = Accounts(copy)
    assert second.group != own.group
    assert list(second.place("postgres").iterdir()) == []
    accounts.remove(copy)
    assert (closed / "postgres" / "row").read_text() == "hello"


@pytest.mark.skipif(not ROOT, reason="nothing lies outside of an ordinary user's environment")
def test_what_an_environment_left_is_removed_by_the_next_one(closed: Path, room: Path) -> None:
    folder = closed / "checkout" / ".frugal" / "local" / "cloud"
    folder.mkdir(parents=True)
    before = places_in(room)
    own = Accounts(folder)
    (own.place("postgres") / "server" / "data").mkdir(parents=True)
    place = room / str(own.group)
    accounts.sweep()
    assert place.exists()
    # As long as the engine knows of it, its next `up` finds it again.
    shutil.rmtree(folder)
    (folder.parent / "state").mkdir()
    assert accounts.sweep() == []
    assert place.exists()
    # The checkout may have been moved: its rows stay, whatever is in its place by now.
    moved = (closed / "checkout").rename(closed / "moved")
    assert accounts.sweep() == [place]
    folder.mkdir(parents=True)
    assert accounts.sweep() == [place]
    another = room / str(Accounts(folder).group)
    assert another != place
    assert accounts.remove(folder) == [another]
    shutil.rmtree(closed / "checkout")
    # The checkout is where it was, and its environment is not.
    moved.rename(closed / "checkout")
    shutil.rmtree(closed / "checkout" / ".frugal")
    assert accounts.sweep() == []
    assert places_in(room) == before


@pytest.mark.skipif(not ROOT, reason="nothing lies outside of an ordinary user's environment")
def test_a_lost_link_is_made_again(closed: Path) -> None:
    own = Accounts(closed)
    (own.place("postgres") / "row").write_text("hello")
    shutil.rmtree(closed)
    closed.mkdir(mode=0o700)
    assert (Accounts(closed).place("postgres") / "row").read_text() == "hello"


@pytest.mark.skipif(not ROOT, reason="an ordinary user has one id, its own")
def test_a_claim_that_was_killed_is_made_anew(
    closed: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            Accounts(closed).number("homepage")
    own = Accounts(closed)
    assert own.number("homepage") == own.group + 1
    accounts.remove(closed)
    assert not [name for name in places_in(room) if name.startswith(".")]


@pytest.mark.skipif(not ROOT, reason="nothing lies outside of an ordinary user's environment")
def test_removal_finds_what_no_link_leads_to(closed: Path, room: Path) -> None:
    own = Accounts(closed)
    own.place("images")
    (closed / "outside").unlink()
    assert accounts.remove(closed) == [room / str(own.group)]


@pytest.mark.skipif(not ROOT, reason="an ordinary user has one id, its own")
def test_threads_get_numbers_and_copies_of_their_own(
    opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two images that are built at once do."""
    tree = tmp_path / "tree"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib" / "file").write_text("content")
    own, names = Accounts(opened), [f"image {n}" for n in range(8)]
    meeting = threading.Barrier(len(names))
    save = Accounts._save
    monkeypatch.setattr(Accounts, "_save", lambda self: (time.sleep(0.01), save(self))[1])

    def adapt(copy: Path) -> None:
        time.sleep(0.01)
        atomic_write(copy / "lib" / "file", "adapted")

    def take(name: str) -> tuple[int | None, Path, str]:
        meeting.wait()
        copy = own.copy(tree, ["lib"], adapt=adapt)
        content = (copy / "lib" / "file").read_text()
        return own.number(name), copy, content

    with ThreadPoolExecutor(len(names)) as pool:
        taken = list(pool.map(take, names))
    assert len({number for number, _, _ in taken}) == len(names)
    assert len({copy for _, copy, _ in taken}) == 1
    assert {content for _, _, content in taken} == {"adapted"}
    assert (tree / "lib" / "file").read_text() == "content"


@pytest.mark.skipif(not ROOT, reason="an ordinary user's apps run as that user")
def test_a_python_in_a_closed_folder_runs_as_another_user(opened: Path, closed: Path) -> None:
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = Path(sys.base_prefix)
    if accounts.is_open(prefix / "bin" / name):
        # Not in root's home, as pyenv's and uv's are, so it is put into a closed folder.
        prefix = closed / "python"
        (prefix / "bin").mkdir(parents=True)
        shutil.copy(Path(sys.base_prefix) / "bin" / name, prefix / "bin")
        skipped = shutil.ignore_patterns("site-packages", "dist-packages", "test", "config-3*")
        shutil.copytree(Path(os.__file__).parent, prefix / "lib" / name, ignore=skipped)
    image = opened / "image"
    (image / "venv" / "bin").mkdir(parents=True)
    (image / "venv" / "bin" / "python").symlink_to(prefix / "bin" / name)
    (image / "venv" / "pyvenv.cfg").write_text(f"home = {prefix}/bin\nuv = 1\n")
    (image / "venv" / "private").write_text("kept for its owner by a umask")
    (image / "venv" / "private").chmod(0o600)
    image.chmod(0o700)
    own = Accounts(opened)
    user = own.number("app")
    assert user is not None

    open_for_apps(image, own, "app")

    group = image.stat().st_gid
    code = "import os, ssl, sys; print(os.getuid(), sys.prefix, open(sys.argv[1]).read(4))"
    command = [image / "venv" / "bin" / "python", "-c", code, image / "venv" / "private"]
    become = {"user": user, "group": group, "extra_groups": [own.group]}
    ran = subprocess.run(
        command, cwd="/", env={}, **become, check=True, capture_output=True, text=True
    )
    assert ran.stdout.split() == [str(user), str(image / "venv"), "kept"]
    with pytest.raises(PermissionError):
        subprocess.run(command, cwd="/", user=user + 9, group=user + 9, check=True)


@pytest.mark.skipif(not ROOT, reason="an ordinary user makes no copies")
def test_a_copy_is_made_once_and_holds_no_secret_open(closed: Path) -> None:
    tree = closed / "tree"
    (tree / "lib" / "test").mkdir(parents=True)
    (tree / "lib" / "module.py").write_text("1")
    (tree / "lib" / "closed.py").write_text("2")
    (tree / "lib" / "closed.py").chmod(0o600)
    own = Accounts(closed)
    copy = own.copy(tree, ["lib", "share"], skip=["test"])
    assert own.copy(tree, ["lib", "share"], skip=["test"]) == copy
    assert sorted(p.name for p in (copy / "lib").iterdir()) == ["closed.py", "module.py"]
    assert (copy / "lib" / "closed.py").stat().st_mode & 0o777 == 0o644
    # The original keeps its mode: only what everybody may read gets a second name.
    assert (tree / "lib" / "closed.py").stat().st_mode & 0o777 == 0o600
