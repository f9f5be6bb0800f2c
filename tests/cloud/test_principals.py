"""Azure's function that makes a role for a principal: who may call it, and what the role may do."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from tests.cloud.pgbench import OBJECT_ID, THIS_MACHINE, Bench, bench_in, furnish

pytestmark = pytest.mark.asyncio(loop_scope="module")
APP = "0a1b2c3d-0000-4000-8000-0000000000a1"
FUNCTION = "pgaadauth_create_principal_with_oid"
CREATE = f"SELECT {FUNCTION}(%s, %s, %s, %s, %s)"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench_in(tmp_path_factory.mktemp("principals")) as bench:
        await furnish(bench.server)
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(shared: Bench) -> AsyncIterator[Bench]:
    shared.server.set_firewall([THIS_MACHINE])
    yield shared
    async with await shared.superuser() as superuser:
        for role in ("app", "Strange role"):
            await superuser.execute(f'DROP ROLE IF EXISTS "{role}"')


async def create(bench: Bench, *arguments: Any, **client: Any) -> Any:
    defaults = ("app", APP, "service", False, False)
    given = (*arguments, *defaults[len(arguments) :])
    async with await bench.connect(dbname="postgres", **client) as session:
        (answer,) = await (await session.execute(CREATE, given)).fetchone()
        return answer


def as_app(bench: Bench, **changes: Any) -> dict[str, Any]:
    return {"user": "app", "password": bench.token(object_id=APP), **changes}


async def test_the_role_signs_in_with_a_token_of_its_principal(bench: Bench) -> None:
    assert await create(bench, "app", APP.upper()) == "Created role for app"
    assert await bench.fetch("SELECT current_user", **as_app(bench)) == [("app",)]
    for password in (bench.token(), bench.token(object_id=APP, lifetime=-1), "canary"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await bench.connect(user="app", password=password)


async def test_the_role_may_do_nothing_by_itself(bench: Bench) -> None:
    await create(bench)
    async with await bench.connect() as administrator:
        await administrator.execute("CREATE TABLE theirs (x int)")
    async with await bench.connect(**as_app(bench)) as session:
        for forbidden in (
            "SELECT * FROM theirs",
            "DROP TABLE theirs",
            "CREATE TABLE mine (x int)",
            "CREATE ROLE other",
            "CREATE DATABASE other",
            "GRANT azure_pg_admin TO app",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await session.execute(forbidden)
    async with await bench.connect() as administrator:
        await administrator.execute("DROP TABLE theirs")


async def test_only_an_administrator_calls_it(bench: Bench) -> None:
    await create(bench)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await create(bench, "other", **as_app(bench))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await bench.fetch("SELECT * FROM frugal.principals", dbname="postgres", **as_app(bench))


async def test_it_is_in_the_database_postgres_alone(bench: Bench) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        await bench.fetch(f"SELECT {FUNCTION}('app', '{APP}', 'service', false, false)")
    assert await bench.fetch(
        f"SELECT pg_catalog.{FUNCTION}('app', '{APP}', 'service', false, false)", dbname="postgres"
    ) == [("Created role for app",)]


async def test_a_role_that_is_there_is_left_as_it_is(bench: Bench) -> None:
    await create(bench)
    with pytest.raises(psycopg.errors.DuplicateObject):
        await create(bench, "app", "0a1b2c3d-0000-4000-8000-0000000000a2")
    assert await bench.fetch("SELECT 1", **as_app(bench)) == [(1,)]


async def test_a_role_is_bound_to_the_principal_that_is_there_now(bench: Bench) -> None:
    await create(bench)
    later = "0a1b2c3d-0000-4000-8000-0000000000a3"
    update = "SELECT pgaadauth_update_principal_with_oid('app', %s, 'service', false, false)"
    principals = "SELECT objectid FROM pgaadauth_list_principals(false) WHERE rolname = 'app'"
    assert await bench.fetch(principals, dbname="postgres") == [(APP,)]
    async with await bench.connect(dbname="postgres") as administrator:
        await administrator.execute(update, (later.upper(),))
    assert await bench.fetch(principals, dbname="postgres") == [(later,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await bench.connect(**as_app(bench))
    now = as_app(bench) | {"password": bench.token(object_id=later)}
    assert await bench.fetch("SELECT current_user", **now) == [("app",)]
    async with await bench.connect(dbname="postgres", **now) as session:
        for forbidden in (update, "SELECT pgaadauth_list_principals(%s)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await session.execute(forbidden, (APP if "update" in forbidden else False,))


async def test_an_administrators_principal_gets_no_second_role(bench: Bench) -> None:
    with pytest.raises(psycopg.errors.DuplicateObject, match="administrator of this server"):
        await create(bench, "app", OBJECT_ID)
    assert await bench.fetch("SELECT 1 FROM pg_roles WHERE rolname = 'app'") == []


async def test_an_administrator_can_be_made(bench: Bench) -> None:
    await create(bench, "app", APP, "service", True)
    rights = "SELECT pg_has_role('app', 'azure_pg_admin', 'member'), rolcreaterole FROM pg_roles"
    assert await bench.fetch(f"{rights} WHERE rolname = 'app'") == [(True, True)]
    await bench.server.remove_administrator(object_id=APP)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await bench.connect(**as_app(bench))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("app", "not-a-guid"), "must be a GUID"),
        (("app", APP, "robot"), "user, group or service"),
        (("app", APP, "service", False, True), "multi-factor"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    bench: Bench, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(psycopg.Error, match=message):
        await create(bench, *arguments)
    assert await bench.fetch("SELECT 1 FROM pg_roles WHERE rolname = 'app'") == []


async def test_a_strange_name_is_a_name(bench: Bench) -> None:
    await create(bench, "Strange role", APP)
    token = bench.token(object_id=APP)
    assert await bench.fetch("SELECT 1", user="Strange role", password=token) == [(1,)]


async def test_it_survives_a_restart_and_so_does_the_role(bench: Bench) -> None:
    await create(bench)
    await bench.server.stop()
    await bench.server.start(version="17")
    assert await bench.fetch("SELECT 1", **as_app(bench)) == [(1,)]
    with pytest.raises(psycopg.errors.DuplicateObject):
        await create(bench)
