"""The translator on the real engine: rounds through deployments, failed migrations, moves, kills.

The tests build on one another, as deployments take long: on App Service as `make up` brings it, on
Container Apps, and back. At the end the environment is what it was.
"""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import psutil
import psycopg
import pytest

from frugal.cloud.postgres.server import RESOURCE as DATABASE
from frugal.cloud.tokens import ISSUER
from frugal.cloud.translator.service import RESOURCE as TRANSLATOR
from tests.engine.clone import PATIENCE, kill, until
from tests.environment import Environment, get, post
from tests.plain_http import PLAIN
from tests.system.database import AppsDatabase, version_of
from tests.system.edition import FIRST, HEADING, edition, heading_of, put_back, write_edition
from tests.system.visitors import HOPS, Visitors

if TYPE_CHECKING:
    import subprocess

SERVED = {
    ("GET /", 200),
    ("GET /recent", 200),
    ("GET /popular", 200),
    ("GET /api/rounds?num=5", 200),
    ("GET events", 200),
    ("POST round", 201),
    ("POST reaction", 201),
}
# A JSON Web Token; the group is what it says.
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.(eyJ[\w-]{10,})\.[\w-]{10,}")


@dataclass(frozen=True)
class Played:
    """A round that was played before anything was deployed, and its page."""

    id: int
    page: str


@pytest.fixture(scope="module", autouse=True)
def _left_as_it_was(environment: Environment) -> Iterator[None]:
    """Also where a test could not."""
    yield
    if put_back(environment):
        environment.up()


@pytest.fixture(scope="module")
def played(environment: Environment) -> Played:
    number = play(environment, "Too many cooks spoil the broth")
    return Played(number, page_of(environment, number))


def test_a_failing_migration_leaves_everything_as_it_was(
    environment: Environment, played: Played
) -> None:
    write_edition(environment, FIRST + 1, indexed="no_such_column")
    serving = environment.pids("translator")

    failed = environment.clone.frugal("up")

    told = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "migration failed: " in told
    assert "no_such_column" in told
    assert "the job migration-job" in told
    assert "is Failed" in told
    assert "az monitor log-analytics query --workspace" in told
    assert "ContainerAppConsoleLogs" in told
    assert "Traceback" not in told
    assert environment.pids("translator") == serving
    assert heading_of(environment) == HEADING
    assert page_of(environment, played.id) == played.page
    play(environment, "still here")
    # What the migration had done before it failed is undone.
    with psycopg.connect(**AppsDatabase(environment).as_app) as connection:
        assert version_of(connection) == f"{FIRST:04}"
        columns = connection.execute("SELECT * FROM rounds LIMIT 0").description
        assert columns
        assert not [column.name for column in columns if column.name.startswith("edition")]


async def test_mended_it_is_deployed_under_load_on_app_service_and_nothing_is_lost(
    environment: Environment, played: Played
) -> None:
    """A request may fail meanwhile: App Service does not promise otherwise."""
    write_edition(environment, FIRST + 1)
    visitors = await deploy_under_load(environment, played)
    assert ("POST round", 201) in visitors.answers
    assert_all_is_there(environment, visitors)
    assert page_of(environment, played.id) == played.page
    assert heading_of(environment) == edition(FIRST + 1)


def test_it_moves_to_container_apps_though_the_engine_is_killed(
    environment: Environment, played: Played
) -> None:
    """The database stays; what was created and no state knew goes first; then all is as planned."""
    server = environment.resource_ids("flexibleServers")
    before = environment.urns()
    environment.configure({"translator.host": "containerApp"})
    steps = environment.plan()
    created = {urn for op, urn in steps if op == "create"}
    deleted = {urn for op, urn in steps if op == "delete"}
    assert "translator-app" in names(created)
    assert "translator-web" in names(deleted)
    assert not [name for name in names(urn for _, urn in steps) if name.startswith("postgres")]

    running = begin_and_catch_creating(environment, "translator-app")
    for pid in environment.clone.engine_pids():
        kill(pid)
    assert running.wait(PATIENCE) == 1
    assert "removed, since it is not in the state" in environment.up().stderr
    assert environment.urns() == (before - deleted) | created
    assert not environment.clone.state().get("pending_operations")
    assert environment.resource_ids() == environment.recorded_ids()
    assert environment.resource_ids("flexibleServers") == server
    assert page_of(environment, played.id) == played.page
    play(environment, "moved")


async def test_a_migration_under_load_on_container_apps_fails_no_request(
    environment: Environment, played: Played
) -> None:
    write_edition(environment, FIRST + 2)
    visitors = await deploy_under_load(environment, played)
    assert set(visitors.answers) == SERVED | {(f"GET /rounds/{played.id}", 200)}
    assert visitors.editions == {edition(FIRST + 1), edition(FIRST + 2)}
    assert visitors.reacted == set(visitors.rounds)
    assert_all_is_there(environment, visitors)
    assert heading_of(environment, "translator") == edition(FIRST + 2)
    with psycopg.connect(**AppsDatabase(environment).as_app) as connection:
        assert version_of(connection) == f"{FIRST + 2:04}"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE hops",
        "TRUNCATE rounds",
        "ALTER TABLE rounds ADD mine text",
        "CREATE TABLE mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SELECT * FROM of_another",
        "UPDATE secrets SET value = ''",
        "DELETE FROM alembic_version",
        "SELECT * FROM pg_authid",
        "SET ROLE azure_pg_admin",
        "COPY rounds TO PROGRAM 'true'",
    ],
)
def test_the_apps_own_token_reads_and_writes_its_tables_and_nothing_else(
    apps_database: AppsDatabase, statement: str
) -> None:
    with psycopg.connect(**apps_database.as_app, autocommit=True) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("translator_app",)
        assert connection.execute("SELECT count(*) FROM rounds").fetchone() != (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def apps_database(environment: Environment) -> Iterator[AppsDatabase]:
    """The app's database, which has a table of somebody else too."""
    database = AppsDatabase(environment)
    with psycopg.connect(**database.as_administrator(), autocommit=True) as administrator:
        administrator.execute("CREATE TABLE of_another AS SELECT 1 AS secret")
        yield database
        administrator.execute("DROP TABLE of_another")


def test_the_apps_token_is_no_administrators_and_makes_no_principal(
    apps_database: AppsDatabase,
) -> None:
    administrator = apps_database.as_administrator()["user"]
    with pytest.raises(psycopg.OperationalError, match="belongs to another principal"):
        psycopg.connect(**apps_database.as_app | {"user": administrator})
    make = "SELECT pgaadauth_create_principal_with_oid('mine', %s, 'service', true, false)"
    with (
        psycopg.connect(**apps_database.as_app | {"dbname": "postgres"}) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(make, ["0" * 8 + "-0000-0000-0000-" + "0" * 12])


def test_the_translators_account_has_no_keys(environment: Environment) -> None:
    (account,) = environment.resource_ids("accounts")
    shown = environment.azure("GET", account).json()
    assert shown["properties"]["disableLocalAuth"] is True
    listed = environment.azure("POST", f"{account}/listKeys")
    assert (listed.status_code, listed.json()["error"]["code"]) == (400, "BadRequest")
    assert "disableLocalAuth" in listed.json()["error"]["message"]

    told = AppsDatabase(environment).environment
    assert not [name for name in told if "KEY" in name or "PASSWORD" in name]
    trusted = ssl.create_default_context(cafile=told["SSL_CERT_FILE"])
    with httpx.Client(proxy=told["HTTPS_PROXY"], verify=trusted, timeout=60) as client:
        answer = client.post(
            told["TRANSLATOR_ENDPOINT"] + "/translator/text/v3.0/translate",
            params={"api-version": "3.0", "from": "en", "to": "fr"},
            json=[{"Text": "hello"}],
            headers={"Ocp-Apim-Subscription-Key": "0" * 32},
        )
    assert answer.status_code == 401


def test_its_keys_and_tokens_lie_nowhere_in_clear(environment: Environment) -> None:
    """The visitors' key, which is the database's to keep; the identities' tokens, of any kind."""
    database = AppsDatabase(environment)
    with psycopg.connect(**database.as_app) as connection:
        found = connection.execute("SELECT value FROM secrets WHERE name = 'visitors'").fetchone()
    assert found
    key: bytes = found[0]
    header = database.environment["IDENTITY_HEADER"]
    for resource in (TRANSLATOR, DATABASE):
        assert has_token(database.token(resource).encode())

    local = environment.clone.root / ".frugal" / "local"
    (data,) = local.glob("cloud/postgres/*/data")
    packages = set(local.glob("cloud/images/*/venv"))
    for file in local.rglob("*"):
        if not packages.isdisjoint(file.parents):
            continue
        content = b""
        with contextlib.suppress(OSError):
            content = file.read_bytes()
        assert not has_token(content), file
        assert header.encode() not in content, file
        assert data in file.parents or not holds(content, key), file
    lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    for line in [*lines, *database.environment.values()]:
        shown = line.encode(errors="surrogateescape")
        assert not has_token(shown)
        assert not holds(shown, key)
    assert not [line for line in lines if header in line]


def has_token(content: bytes) -> bool:
    """Return True if there is a token of this cloud."""
    return b"eyJ" in content and any(
        ISSUER.encode() in decoded(found[1]) for found in TOKEN.finditer(content)
    )


def decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def holds(content: bytes, key: bytes) -> bool:
    """Return True if a key occurs in any of its usual forms."""
    return any(form in content for form in (key, key.hex().encode(), base64.b64encode(key)))


def test_it_moves_back_though_the_command_is_killed(
    environment: Environment, played: Played
) -> None:
    assert put_back(environment)
    running = begin_and_catch_creating(environment, "translator-web")
    kill(running.pid)
    running.wait()
    # Its engine finishes meanwhile, so that there is nothing left to do.
    assert re.search(r"Resources: \d+ unchanged\.", environment.up().stdout)
    assert environment.resource_ids() == environment.recorded_ids()
    assert page_of(environment, played.id) == played.page
    assert heading_of(environment) == HEADING
    play(environment, "moved back")


async def deploy_under_load(environment: Environment, played: Played) -> Visitors:
    edge, origin = environment.url("translator"), environment.url("translator_origin")
    visitors = Visitors(edge, origin, known=played.id)
    async with visitors.coming(AppsDatabase(environment)):
        await asyncio.to_thread(environment.apply)
    return visitors


def assert_all_is_there(environment: Environment, visitors: Visitors) -> None:
    """Every round that was promised is kept whole and has come to its end."""
    address = environment.url("translator_origin")
    with httpx.Client(base_url=address, timeout=60, verify=PLAIN) as client:
        for number, message in visitors.rounds.items():
            where = f"api/rounds/{number}"
            until(lambda where=where: client.get(where).json()["status"] != "running")
            kept = client.get(where).json()
            assert (kept["status"], kept["message"]) == ("done", message)
            assert [hop["n"] for hop in kept["hops"]] == list(range(1, HOPS + 2))
            assert kept["reactions"]["deep"] == (number in visitors.reacted)


def play(environment: Environment, message: str) -> int:
    """A whole round, by Azure's endpoint, which tells that nobody translates here; gives its id."""
    url = environment.url("translator")
    begun = post(url + "api/rounds", json={"message": message})
    assert begun.status_code == 201, begun.text
    where = url + f"api/rounds/{begun.json()['id']}"
    until(lambda: get(where).json()["status"] != "running")
    ended = get(where).json()
    assert (ended["status"], ended["message"]) == ("done", message)
    assert [hop["n"] for hop in ended["hops"]] == list(range(1, 14))
    assert {hop["provider"] for hop in ended["hops"]} == {"azure-simulated"}
    return ended["id"]


def page_of(environment: Environment, number: int) -> str:
    """A round's page as the app makes it now, not as the edge has kept it."""
    answer = get(environment.url("translator_origin") + f"rounds/{number}")
    assert answer.status_code == 200, answer.text
    return answer.text


def begin_and_catch_creating(environment: Environment, name: str) -> "subprocess.Popen[str]":
    """Start `frugal up`; return while the resource `name` is being created, its process begun."""
    clone = environment.clone
    log = clone.cloud / "logs" / "translator.log"
    begun = log.read_text().count("started (pid")
    running = clone.begin("up")

    def is_under_way() -> bool:
        assert running.poll() is None, (clone.root / "output").read_text()
        if log.read_text().count("started (pid") == begun:
            return False
        pending = clone.state().get("pending_operations") or []
        under_way = [o["resource"]["urn"] for o in pending if o["type"] == "creating"]
        return name in names(under_way)

    until(is_under_way)
    return running


def names(urns: Iterable[str]) -> set[str]:
    return {urn.rsplit("::", 1)[-1] for urn in urns}
