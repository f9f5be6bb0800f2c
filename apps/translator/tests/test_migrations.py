"""The tables' history: up, down, twice, two at once, from the first version; and who may what."""

import itertools
import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import new_identity
from identity import Identity
from playing import PATIENCE
from postgres import ADMINISTRATOR, ROLE, Postgres
from serving import Process
from sqlalchemy import CheckConstraint, Connection, create_engine
from sqlalchemy.pool import NullPool
from translator import migrations, readiness
from translator.tables import Base

OBJECT_ID = "99999999-8888-7777-6666-555555555555"
FIRST_VERSION = """
CREATE TABLE rounds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 280),
    created timestamptz NOT NULL DEFAULT now()
)
"""


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """A database with nothing in it."""
    postgres.create_database("fresh")
    yield "fresh"
    postgres.administer("DROP DATABASE fresh WITH (FORCE)", "DROP ROLE IF EXISTS fresh_app")


@contextmanager
def connected(postgres: Postgres, name: str) -> Generator[Connection]:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**postgres.as_administrator(name)),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        yield connection


def table_names(postgres: Postgres, name: str) -> set[str]:
    rows = postgres.administer(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database=name
    )
    return {row[0] for row in rows}


@dataclass(frozen=True)
class Ended:
    """Exit code of a job, and all that it said."""

    code: int
    said: str

    @property
    def last(self) -> str:
        """The last message of its log."""
        return json.loads(self.said.splitlines()[-1])["message"]


class Job:
    """The migration job as a process, with an identity of its own."""

    def __init__(self, postgres: Postgres, identity: Identity, database: str, logs: Path) -> None:
        self._number = itertools.count()
        self._logs = logs
        self._environment = {
            **postgres.environment(),
            **identity.environment(),
            "PGUSER": ADMINISTRATOR,
            "PGDATABASE": database,
            "APP_ROLE": "fresh_app",
            "APP_OBJECT_ID": OBJECT_ID,
        }

    def run(self, **changed: str | None) -> Ended:
        environment = self._environment | changed
        process = Process(
            "translator.migrate",
            environment={name: value for name, value in environment.items() if value is not None},
            log=self._logs / f"{next(self._number)}.log",
        )
        return Ended(process.wait(), process.text())


@pytest.fixture
def job(postgres: Postgres, empty: str, tmp_path: Path) -> Iterator[Job]:
    with new_identity(postgres, role=ADMINISTRATOR) as identity:
        identity.constant = True  # two jobs at once ask for two tokens; a role has one password
        yield Job(postgres, identity, empty, tmp_path)


def test_up_and_down_and_up_again(postgres: Postgres, empty: str) -> None:
    postgres.migrate(empty, "fresh_app")
    whole = table_names(postgres, empty)
    assert whole == {*Base.metadata.tables, "alembic_version"}
    for revision in ("0001", "base"):
        with connected(postgres, empty) as connection:
            command.downgrade(migrations.config(connection), revision)
        left = table_names(postgres, empty) - {"alembic_version"}
        assert left == ({"rounds"} if revision == "0001" else set())
    postgres.migrate(empty, "fresh_app")
    assert table_names(postgres, empty) == whole


def test_without_the_kind_in_the_key_a_first_reaction_stays(postgres: Postgres, empty: str) -> None:
    postgres.migrate(empty, "fresh_app")
    one, other = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    postgres.administer(
        "INSERT INTO rounds (message, funny, deep, flag) VALUES ('x', 1, 2, 1), ('y', 1, 0, 0)",
        """
        INSERT INTO visitors (id, name) VALUES
            ('00000000-0000-0000-0000-000000000001', 'A'),
            ('00000000-0000-0000-0000-000000000002', 'B')
        """,
        """
        INSERT INTO reactions (round_id, visitor, type, created)
        SELECT round_id, id, type, given.created::timestamptz FROM visitors JOIN (VALUES
            (1, 'A', 'funny', '2026-01-02'), (1, 'A', 'deep', '2026-01-01'),
            (1, 'A', 'flag', '2026-01-02'), (1, 'B', 'deep', '2026-01-03'),
            (2, 'A', 'funny', '2026-01-04')
        ) AS given (round_id, name, type, created) USING (name)
        """,
        database=empty,
    )
    with connected(postgres, empty) as connection:
        command.downgrade(migrations.config(connection), "0002")
    counts = "SELECT funny, deep, flag FROM rounds ORDER BY id"
    assert postgres.administer(counts, database=empty) == [(0, 2, 0), (1, 0, 0)]
    left = "SELECT round_id, visitor::text, type FROM reactions ORDER BY 1, 2"
    kept = [(1, one, "deep"), (1, other, "deep"), (2, one, "funny")]
    assert postgres.administer(left, database=empty) == kept
    postgres.migrate(empty, "fresh_app")
    assert postgres.administer(left, database=empty) == kept


def test_the_tables_are_those_that_the_code_declares(postgres: Postgres, empty: str) -> None:
    postgres.migrate(empty, "fresh_app")
    with connected(postgres, empty) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        heads = ScriptDirectory.from_config(migrations.config(connection)).get_heads()
    assert heads == [readiness.REVISION]
    declared = {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    made = postgres.administer(
        "SELECT conname FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = 'public'::regnamespace",
        database=empty,
    )
    assert {row[0] for row in made} == declared


def test_the_job_makes_role_tables_and_key_and_again_nothing(
    postgres: Postgres, empty: str, job: Job
) -> None:
    first = job.run()
    assert (first.code, first.last) == (0, "migration done"), first.said
    labelled = postgres.administer(
        "SELECT rolcanlogin, rolcreaterole, rolcreatedb, shobj_description(oid, 'pg_authid')"
        " FROM pg_roles WHERE rolname = 'fresh_app'"
    )
    assert labelled == [(True, False, False, OBJECT_ID)]
    key = postgres.administer("SELECT name, length(value) FROM secrets", database=empty)
    assert key == [("visitors", 32)]
    before = postgres.administer("SELECT value FROM secrets", database=empty)
    second = job.run()
    assert (second.code, second.last) == (0, "migration done"), second.said
    assert "Running upgrade" not in second.said
    assert postgres.administer("SELECT value FROM secrets", database=empty) == before


def test_two_jobs_at_once_are_one(postgres: Postgres, empty: str, job: Job) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [future.result() for future in [pool.submit(job.run) for _ in range(2)]]
    assert [run.code for run in runs] == [0, 0], [run.said for run in runs]
    assert sum(run.said.count("Running upgrade") for run in runs) == 3  # migrations, once
    assert postgres.administer("SELECT count(*) FROM secrets", database=empty) == [(1,)]


def test_many_at_once_in_one_process_too(postgres: Postgres, empty: str) -> None:
    postgres.administer("CREATE ROLE fresh_app LOGIN")
    with ThreadPoolExecutor(6) as pool:
        for future in [pool.submit(postgres.migrate, empty, "fresh_app") for _ in range(6)]:
            future.result()
    assert "hops" in table_names(postgres, empty)


def test_the_way_back_leaves_a_later_versions_tables(
    postgres: Postgres, empty: str, job: Job
) -> None:
    assert job.run().code == 0
    postgres.administer("UPDATE alembic_version SET version_num = '9999'", database=empty)
    ended = job.run()
    assert (ended.code, ended.last) == (0, "migration done")
    assert "of a later version (9999)" in ended.said
    assert postgres.administer("SELECT version_num FROM alembic_version", database=empty) == [
        ("9999",)
    ]


def test_the_first_versions_rows_are_kept_and_its_table_is_taken_over(
    postgres: Postgres, empty: str, job: Job
) -> None:
    postgres.administer(
        'CREATE ROLE "id-old" LOGIN',
        'GRANT ALL ON SCHEMA public TO "id-old"',
        'SET ROLE "id-old"',
        FIRST_VERSION,
        "INSERT INTO rounds (message) VALUES ('from the beginning')",
        database=empty,
    )
    run = job.run()
    assert run.code == 0, run.said
    owners = postgres.administer(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", database=empty
    )
    assert owners == [(ADMINISTRATOR,)]
    # The code before goes on as it did, as long as its role may.
    postgres.administer(
        'GRANT SELECT, INSERT ON rounds TO "id-old"',
        'SET ROLE "id-old"',
        "INSERT INTO rounds (message) VALUES ('meanwhile')",
        database=empty,
    )
    rows = postgres.administer(
        "SELECT id, message, status, languages, listed FROM rounds ORDER BY id", database=empty
    )
    assert rows == [
        (1, "from the beginning", "done", [], True),
        (2, "meanwhile", "done", [], True),
    ]
    postgres.administer('DROP OWNED BY "id-old"', 'DROP ROLE "id-old"', database=empty)


def test_a_table_that_cannot_be_taken_over_is_told_of(
    postgres: Postgres, empty: str, job: Job
) -> None:
    postgres.administer(FIRST_VERSION, database=empty)  # of the superuser
    run = job.run()
    assert run.code == 1
    assert "Tables belong to 'postgres'" in run.last
    assert "ALTER TABLE rounds OWNER TO azure_pg_admin" in run.last
    assert 'GRANT "postgres" TO "id-migration"' in run.last
    assert "Traceback" not in run.said
    assert table_names(postgres, empty) == {"rounds"}


def test_a_table_that_was_given_to_the_administrators_is_taken_over(
    postgres: Postgres, empty: str, job: Job
) -> None:
    """As whoever cannot be joined is told to: since PostgreSQL 16 that is every other role."""
    postgres.administer(
        'CREATE ROLE "id-old" LOGIN',
        'GRANT azure_pg_admin TO "id-old"',
        "GRANT ALL ON SCHEMA public TO azure_pg_admin",
        'SET ROLE "id-old"',
        FIRST_VERSION,
        "ALTER TABLE rounds OWNER TO azure_pg_admin",
        database=empty,
    )
    postgres.administer(f'ALTER ROLE "{ADMINISTRATOR}" NOCREATEROLE')
    try:
        run = job.run(APP_ROLE=ROLE)
    finally:
        postgres.administer(f'ALTER ROLE "{ADMINISTRATOR}" CREATEROLE', 'DROP ROLE "id-old"')
    assert run.code == 0, run.said
    owners = postgres.administer(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", database=empty
    )
    assert owners == [(ADMINISTRATOR,)]


def test_the_role_is_bound_to_a_recreated_identity(postgres: Postgres, job: Job) -> None:
    principal = "SELECT shobj_description('fresh_app'::regrole, 'pg_authid')"
    assert job.run().code == 0
    later = "99999999-8888-7777-6666-000000000000"
    again = job.run(APP_OBJECT_ID=later.upper())
    assert again.code == 0, again.said
    assert postgres.administer(principal) == [(later,)]
    assert f"(before: {OBJECT_ID})" in again.said
    assert "bound the role" not in job.run(APP_OBJECT_ID=later).said


def test_a_role_that_cannot_be_rebound_is_told_of(postgres: Postgres, job: Job) -> None:
    assert job.run().code == 0
    function = "pgaadauth_update_principal_with_oid(text, text, text, boolean, boolean)"
    postgres.administer(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    try:
        run = job.run(APP_OBJECT_ID="99999999-8888-7777-6666-000000000000")
    finally:
        postgres.administer(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")
    assert run.code == 1
    assert 'SECURITY LABEL FOR "pgaadauth" ON ROLE "fresh_app"' in run.last
    assert "permission denied" in run.last
    assert "Traceback" not in run.said


def test_a_migration_that_fails_leaves_everything_as_it_was(
    postgres: Postgres, empty: str, job: Job
) -> None:
    postgres.administer(f'SET ROLE "{ADMINISTRATOR}"', "CREATE TABLE usage ()", database=empty)
    run = job.run()
    assert run.code == 1
    assert run.last.startswith("migration failed: ")
    assert 'relation "usage" already exists' in run.last
    assert table_names(postgres, empty) == {"usage"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"APP_ROLE": None}, "APP_ROLE is not set"),
        ({"APP_OBJECT_ID": "me"}, "APP_OBJECT_ID='me': "),
        ({"PGHOST": None}, "PGHOST is not set"),
    ],
)
def test_a_wrong_variable_is_named(changed: dict[str, str | None], said: str, job: Job) -> None:
    run = job.run(**changed)
    assert run.code == 2
    assert said in run.said
    assert "Traceback" not in run.said


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE hops",
        "ALTER TABLE rounds ADD x int",
        "TRUNCATE rounds",
        "CREATE TABLE mine ()",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX ON rounds (message)",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SELECT * FROM others",
        "DELETE FROM secrets",
        "UPDATE secrets SET value = 'x'",
        "UPDATE alembic_version SET version_num = '0001'",
        "SELECT * FROM pg_authid",
        'SET ROLE "id-migration"',
        "COPY rounds TO PROGRAM 'true'",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_the_app_may_read_and_write_its_tables_and_nothing_else(
    statement: str, postgres: Postgres, limited: dict[str, Any]
) -> None:
    with closing(psycopg.connect(**limited)) as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(f"TABLE {table.name}".encode())
        connection.execute("INSERT INTO rounds (message) VALUES ('mine')")
        connection.commit()
        connection.autocommit = True
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def limited(postgres: Postgres) -> Iterator[dict[str, Any]]:
    """Parameters of the app's role for a database that has other tables too."""
    postgres.create_database("shared")
    postgres.migrate("shared", "shared_app")
    postgres.administer("CREATE TABLE others (x int)", database="shared")
    postgres.administer("ALTER ROLE shared_app PASSWORD 'for-this-test'")
    environment = postgres.environment()
    yield {
        "host": environment["PGHOST"],
        "hostaddr": environment["PGHOSTADDR"],
        "port": environment["PGPORT"],
        "sslmode": "verify-full",
        "sslrootcert": environment["PGSSLROOTCERT"],
        "user": "shared_app",
        "password": "for-this-test",
        "dbname": "shared",
    }
    postgres.administer("DROP DATABASE shared WITH (FORCE)", "DROP ROLE shared_app")


def test_a_busy_table_is_not_waited_for_with_everybody_behind(
    postgres: Postgres, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_TABLE_LOCK_SECONDS", 1)
    postgres.administer(f'SET ROLE "{ADMINISTRATOR}"', FIRST_VERSION, database=empty)
    postgres.administer("CREATE ROLE fresh_app LOGIN")
    with closing(psycopg.connect(**postgres.as_administrator(empty))) as reader:
        reader.execute("SELECT * FROM rounds")
        with ThreadPoolExecutor() as pool:
            migration = pool.submit(postgres.migrate, empty, "fresh_app")
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not postgres.administer(waiting):
                assert not migration.done()
            while postgres.administer(waiting):
                pass
            # It has let go: others may have the table.
            postgres.administer("INSERT INTO rounds (message) VALUES ('x')", database=empty)
            reader.commit()
            migration.result(PATIENCE)
    assert "hops" in table_names(postgres, empty)


def test_the_package_holds_its_migrations() -> None:
    folder = Path(migrations.__file__).parent
    assert {file.name for file in folder.glob("versions/0*.py")} == {
        "0001_messages.py",
        "0002_the_game.py",
        "0003_a_reaction_of_each_kind.py",
    }
