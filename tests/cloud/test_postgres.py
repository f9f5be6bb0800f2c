"""TLS, tokens and firewall of a server, and its declared children."""

import asyncio
import hashlib
import shutil
import ssl
import struct
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from frugal.cloud.errors import CloudError
from tests.cloud.pgbench import (
    DATABASE,
    HOST,
    OBJECT_ID,
    ROLE,
    THIS_MACHINE,
    Bench,
    bench_in,
    error,
    furnish,
    message,
    password,
    startup,
)

# One server for all of them: what they change they put back.
pytestmark = pytest.mark.asyncio(loop_scope="module")
OTHER = "0a1b2c3d-0000-4000-8000-00000000000b"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench_in(tmp_path_factory.mktemp("postgres")) as bench:
        await furnish(bench.server)
        yield bench


@pytest.fixture
def bench(shared: Bench) -> Bench:
    shared.server.set_firewall([THIS_MACHINE])
    return shared


async def refusal(bench: Bench, **changes: object) -> str:
    with pytest.raises(psycopg.OperationalError) as caught:
        await bench.connect(**changes)
    return str(caught.value)


async def test_a_token_opens_a_session_over_tls(bench: Bench) -> None:
    async with await bench.connect() as session:
        row = await (await session.execute("SELECT current_user, current_database()")).fetchone()

        assert session.pgconn.ssl_in_use
        assert row == (ROLE, DATABASE)


async def test_psql_shows_tls_1_3(bench: Bench) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("needs psql (the package postgresql-client)")
    keywords = {k: v for k, v in bench.client().items() if k not in {"password", "autocommit"}}
    process = await asyncio.create_subprocess_exec(
        psql,
        " ".join(f"{k}={v}" for k, v in keywords.items()),
        "-c",
        "\\conninfo",
        env={"PGPASSWORD": bench.token(), "LC_ALL": "C"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output
    assert b"TLSv1.3" in output


async def test_another_host_name_fails_verification(bench: Bench) -> None:
    assert "certificate" in await refusal(bench, host="other.postgres.database.azure.com")


async def test_tls_from_the_first_byte(bench: Bench) -> None:
    assert psycopg.pq.version() >= 170000
    rows = await bench.fetch("SELECT 42", sslnegotiation="direct")

    assert rows == [(42,)]


async def test_tls_from_the_first_byte_needs_the_protocols_name(bench: Bench) -> None:
    context = ssl.create_default_context(cafile=str(bench.authority.ca_file))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", bench.server.port, ssl=context, server_hostname=HOST
    )
    writer.write(startup(user=ROLE))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)


async def test_a_plain_connection_is_refused(bench: Bench) -> None:
    reader, writer = await bench.raw()
    writer.write(startup(user=ROLE, database=DATABASE))
    fields = await error(reader)

    assert fields["C"] == "28000"
    assert fields["S"] == "FATAL"
    assert fields["M"] == (
        f'no pg_hba.conf entry for host "127.0.0.1", user "{ROLE}", database "{DATABASE}", '
        "no encryption"
    )
    assert await reader.read() == b""
    assert "no encryption" in await refusal(bench, sslmode="disable")


async def test_gss_encryption_is_declined_and_tls_still_offered(bench: Bench) -> None:
    reader, writer = await bench.raw()
    writer.write(struct.pack("!II", 8, 80877104))
    assert await reader.readexactly(1) == b"N"
    writer.write(struct.pack("!II", 8, 80877103))
    assert await reader.readexactly(1) == b"S"
    writer.close()


async def test_what_was_sent_in_clear_is_never_taken_for_encrypted(bench: Bench) -> None:
    reader, writer = await bench.raw()
    writer.write(struct.pack("!II", 8, 80877103) + startup(user=ROLE, database=DATABASE))

    assert (await reader.read(1), await reader.read()) in [(b"S", b""), (b"", b"")]


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (struct.pack("!II", 8, 131072), "0A000"),
        (struct.pack("!II", 100_000, 196608), "08P01"),
        (struct.pack("!II", 4, 196608), "08P01"),
        (startup(database="app"), "28000"),
    ],
)
async def test_a_strange_packet_gets_an_error(bench: Bench, packet: bytes, code: str) -> None:
    reader, writer = await bench.raw_tls()
    writer.write(packet)

    assert (await error(reader))["C"] == code


async def test_no_password_at_all_gets_an_error(bench: Bench) -> None:
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=ROLE, database=DATABASE))
    assert await message(reader) == (b"R", struct.pack("!I", 3))
    writer.write(b"Q" + struct.pack("!I", 13) + b"SELECT 1\0")

    assert (await error(reader))["C"] == "08P01"


@pytest.mark.parametrize(
    ("token", "user", "detail"),
    [
        ({"lifetime": -1}, ROLE, "expired"),
        ({"resource": "https://vault.azure.net"}, ROLE, "another resource"),
        ({"object_id": OTHER}, ROLE, "another principal"),
        ({}, "azuresu", 'no role "azuresu"'),
        ({}, "azure_pg_admin", 'no role "azure_pg_admin"'),
        ({}, ROLE.upper(), "no role"),
        (None, ROLE, "not an access token"),
    ],
)
async def test_a_wrong_password_is_refused(
    bench: Bench, token: dict[str, object] | None, user: str, detail: str
) -> None:
    secret = "canary-7d1f" if token is None else bench.token(**token)
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=user, database=DATABASE))
    await message(reader)
    writer.write(password(secret))
    fields = await error(reader)

    assert fields["C"] == "28P01"
    assert fields["M"] == f'password authentication failed for user "{user}"'
    assert detail in fields["D"]
    assert await reader.read() == b""
    seen = await refusal(bench, user=user, password=secret)
    assert detail in seen
    assert secret not in seen
    assert detail in bench.log
    assert secret not in bench.log


@pytest.mark.parametrize(
    "rules",
    [[], [("127.0.0.2", "127.255.255.255"), ("0.0.0.0", "126.255.255.255")]],
)
async def test_without_a_rule_everyone_is_refused(
    bench: Bench, rules: list[tuple[str, str]]
) -> None:
    bench.server.set_firewall(rules)
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=ROLE, database=DATABASE))
    fields = await error(reader)

    assert fields["C"] == "28000"
    assert fields["M"].startswith('no pg_hba.conf entry for host "127.0.0.1"')
    assert "no pg_hba.conf entry" in await refusal(bench)


@pytest.mark.parametrize(
    "rules",
    [
        [THIS_MACHINE],
        [("127.0.0.1", "127.0.0.1")],
        [("10.0.0.1", "10.0.0.1"), ("0.0.0.0", "255.255.255.255")],
    ],
)
async def test_a_rule_lets_in(bench: Bench, rules: list[tuple[str, str]]) -> None:
    bench.server.set_firewall(rules)

    assert await bench.fetch("SELECT 1") == [(1,)]


async def test_a_rule_that_is_no_address_is_refused_and_the_old_ones_stay(bench: Bench) -> None:
    with pytest.raises(CloudError, match="300"):
        bench.server.set_firewall([("300.0.0.1", "300.0.0.1")])

    assert await bench.fetch("SELECT 1") == [(1,)]


async def test_errors_of_the_server_come_through(bench: Bench) -> None:
    assert 'database "nowhere" does not exist' in await refusal(bench, dbname="nowhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await bench.fetch("SELECT * FROM nothing")


async def test_start_up_options_come_through(bench: Bench) -> None:
    rows = await bench.fetch(
        "SELECT current_setting('application_name'), current_setting('work_mem')",
        application_name="homepage",
        options="-c work_mem=7MB",
    )

    assert rows == [("homepage", "7MB")]


async def asleep(bench: Bench, pid: int) -> None:
    """Return once this session's query sleeps."""
    there = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    async with await bench.superuser() as watcher:
        while not await (await watcher.execute(there, (pid,))).fetchone():
            pass


async def test_a_query_can_be_cancelled(bench: Bench) -> None:
    async with await bench.connect() as session:
        query = asyncio.create_task(session.execute("SELECT pg_sleep(60)"))
        await asleep(bench, session.info.backend_pid)
        await session.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            await query


async def test_a_query_can_be_cancelled_in_clear_as_older_clients_do(bench: Bench) -> None:
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=ROLE, database=DATABASE))
    await message(reader)
    writer.write(password(bench.token()))
    kind, key = await message(reader)
    while kind != b"K":
        kind, key = await message(reader)
    writer.write(b"Q" + struct.pack("!I", 24) + b"SELECT pg_sleep(60)\0")
    await asleep(bench, struct.unpack("!I", key[:4])[0])

    answer, canceller = await bench.raw()
    canceller.write(struct.pack("!II", 8 + len(key), 80877102) + key)

    assert await answer.read() == b""
    while kind != b"E":
        kind, body = await message(reader)
    assert b"C57014\0" in body


async def test_megabytes_go_both_ways(bench: Bench) -> None:
    line = hashlib.sha256(b"row").hexdigest() * 16
    sent, got = hashlib.sha256(), hashlib.sha256()
    async with await bench.connect() as session, session.cursor() as cursor:
        await cursor.execute("CREATE TEMP TABLE much (n int, line text)")
        async with cursor.copy("COPY much FROM STDIN") as copy:
            for n in range(8_000):
                row = f"{n}\t{line}\n".encode()
                sent.update(row)
                await copy.write(row)
        async with cursor.copy("COPY (SELECT * FROM much ORDER BY n) TO STDOUT") as copy:
            async for block in copy:
                got.update(block)

    assert sent.hexdigest() == got.hexdigest()


async def test_a_client_that_does_not_read_stops_the_server(bench: Bench) -> None:
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=ROLE, database=DATABASE, application_name="slow"))
    await message(reader)
    writer.write(password(bench.token()))
    query = b"SELECT repeat('x', 1000000) FROM generate_series(1, 60)\0"
    writer.write(b"Q" + struct.pack("!I", len(query) + 4) + query)
    # The reader takes some, then pauses: all 60 MB must not pile up in the proxy.
    answered = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'slow' AND state = 'idle'"
        " AND query LIKE 'SELECT repeat%'"
    )
    proxy = bench.server._proxy
    assert proxy is not None
    async with await bench.superuser() as watcher:
        while not (paused := [s for s in proxy.sessions if not s._other.transport.is_reading()]):
            assert await (await watcher.execute(answered)).fetchone() is None
    assert paused[0].transport.get_write_buffer_size() < 4_000_000
    while (await message(reader))[0] != b"D":
        pass
    for _ in range(59):
        assert len((await message(reader))[1]) > 1_000_000
    writer.close()


async def test_sessions_side_by_side(bench: Bench) -> None:
    async def add(n: int) -> int:
        async with await bench.connect() as session:
            rows = await session.execute("SELECT sum(x) FROM generate_series(1, %s) x", (n,))
            return int((await rows.fetchall())[0][0])

    totals = await asyncio.gather(*(add(n) for n in range(1, 31)))

    assert totals == [n * (n + 1) // 2 for n in range(1, 31)]


async def test_a_session_that_a_client_drops_is_gone_behind_too(bench: Bench) -> None:
    there = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'short'"
    reader, writer = await bench.raw_tls()
    writer.write(startup(user=ROLE, database=DATABASE, application_name="short"))
    await message(reader)
    writer.write(password(bench.token()))
    while (await message(reader))[0] != b"Z":
        pass
    async with await bench.superuser() as watcher:
        assert await (await watcher.execute(there)).fetchone()
        assert int(str(bench.server.status()["sessions"])) > 0
        writer.transport.abort()
        while await (await watcher.execute(there)).fetchone():
            pass


async def test_a_database_is_the_administrators(bench: Bench) -> None:
    rows = await bench.fetch(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database"
        " WHERE datname = current_database()"
    )

    assert rows == [("azure_pg_admin", "UTF8")]


async def test_an_administrator_has_azures_rights_and_no_more(bench: Bench) -> None:
    async with await bench.connect() as session:
        for allowed in (
            "CREATE TABLE rights (x int)",
            "DROP TABLE rights",
            "CREATE DATABASE another",
            "DROP DATABASE another",
            "CREATE ROLE app_role LOGIN",
            "GRANT azure_pg_admin TO app_role",
            "DROP ROLE app_role",
        ):
            await session.execute(allowed)
        for forbidden in (
            "ALTER SYSTEM SET fsync = off",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SET SESSION AUTHORIZATION azuresu",
            "GRANT azuresu TO CURRENT_USER",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await session.execute(forbidden)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await bench.fetch("SELECT * FROM frugal.principals", dbname="postgres")


async def test_a_role_made_in_sql_has_no_token(bench: Bench) -> None:
    async with await bench.connect() as session:
        await session.execute("CREATE ROLE plain LOGIN PASSWORD 'secret'")
        assert 'no role "plain"' in await refusal(bench, user="plain")
        assert "not an access token" in await refusal(bench, user="plain", password="secret")
        await session.execute("DROP ROLE plain")


async def test_a_removed_administrator_is_out_and_its_tables_stay(bench: Bench) -> None:
    token = bench.token(object_id=OTHER)
    await bench.server.add_administrator(role="second", object_id=OTHER.upper())
    session = await bench.connect(user="second", password=token)
    await session.execute("CREATE TABLE kept (x int)")
    await session.execute("INSERT INTO kept VALUES (42)")

    await bench.server.remove_administrator(object_id=OTHER)

    with pytest.raises(psycopg.OperationalError):
        await session.execute("SELECT 1")
    assert 'no role "second"' in await refusal(bench, user="second", password=token)
    roles = "SELECT rolcanlogin, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'second'"
    assert await bench.fetch(roles) == [(False, False, False)]
    members = "SELECT pg_has_role('second', 'azure_pg_admin', 'member')"
    assert await bench.fetch(members) == [(False,)]

    # The same role again, for another principal: the identity was made anew.
    await bench.server.add_administrator(role="second", object_id="third")
    assert "another principal" in await refusal(bench, user="second", password=token)
    again = {"user": "second", "password": bench.token(object_id="third")}
    assert await bench.fetch("SELECT x FROM kept", **again) == [(42,)]
    async with await bench.connect(**again) as session:
        await session.execute("DROP TABLE kept")
    await bench.server.remove_administrator(object_id="third")
    await bench.server.remove_administrator(object_id="third")


async def test_a_principal_has_one_role(bench: Bench) -> None:
    await bench.server.add_administrator(role="old-name", object_id=OTHER)
    await bench.server.add_administrator(role="new-name", object_id=OTHER)
    token = bench.token(object_id=OTHER)

    assert 'no role "old-name"' in await refusal(bench, user="old-name", password=token)
    assert await bench.fetch("SELECT 1", user="new-name", password=token) == [(1,)]
    await bench.server.remove_administrator(object_id=OTHER)


async def test_a_role_made_anew_is_not_let_in_with_the_old_ones_token(bench: Bench) -> None:
    await bench.server.add_administrator(role="reborn", object_id=OTHER)
    async with await bench.superuser() as superuser:
        await superuser.execute("DROP ROLE reborn")
        await superuser.execute("CREATE ROLE reborn LOGIN")
    token = bench.token(object_id=OTHER)

    assert 'no role "reborn"' in await refusal(bench, user="reborn", password=token)


@pytest.mark.parametrize("role", ["azuresu", "azure_pg_admin", "pg_monitor"])
async def test_a_role_of_the_servers_own_is_no_administrator(bench: Bench, role: str) -> None:
    with pytest.raises(CloudError, match=role):
        await bench.server.add_administrator(role=role, object_id=OTHER)


async def test_adding_an_administrator_again_changes_nothing(bench: Bench) -> None:
    async with await bench.connect() as session:
        await bench.server.add_administrator(role=ROLE, object_id=OBJECT_ID)

        await session.execute("SELECT 1")
    assert await bench.fetch("SELECT 1") == [(1,)]


async def test_databases_come_and_go(bench: Bench) -> None:
    name = 'Strange "name"; --'
    await bench.server.create_database(name, charset="UTF8", collation="C")
    await bench.server.create_database(name, charset="UTF8", collation="C")
    databases = bench.server.status()["databases"]
    assert isinstance(databases, dict)
    assert databases[name] == "C"
    session = await bench.connect(dbname=name)

    await bench.server.drop_database(name)
    await bench.server.drop_database(name)

    with pytest.raises(psycopg.OperationalError):
        await session.execute("SELECT 1")
    assert "does not exist" in await refusal(bench, dbname=name)


async def test_a_collation_this_machine_lacks_is_replaced_and_named(bench: Bench) -> None:
    await bench.server.create_database("sorted", charset="UTF8", collation="xx_XX.utf8")

    databases = bench.server.status()["databases"]
    assert isinstance(databases, dict)
    assert databases["sorted"] == databases["postgres"]
    assert "no collation xx_XX.utf8" in bench.log
    await bench.server.drop_database("sorted")


async def test_a_charset_there_is_not_is_refused(bench: Bench) -> None:
    with pytest.raises(CloudError, match="KOI-9"):
        await bench.server.create_database("odd", charset="KOI-9", collation="C")


@pytest.mark.parametrize("name", ["postgres", "template1", "azure_maintenance"])
async def test_databases_of_the_servers_own_are_left_alone(bench: Bench, name: str) -> None:
    with pytest.raises(CloudError, match=name):
        await bench.server.drop_database(name)
    with pytest.raises(CloudError, match=name):
        await bench.server.create_database(name, charset="UTF8", collation="C")
