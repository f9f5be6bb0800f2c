"""Azure's bad days: the run that some of them spoil at once, and the one that goes on after it.

The programs are made of the project's own components, and share what they need from case to case.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from subprocess import CompletedProcess
from textwrap import indent

import psycopg
import pytest
from psycopg import sql

from frugal.cloud.days import DAYS
from frugal.cloud.postgres.server import RESOURCE
from frugal.cloud.tokens import Tokens
from frugal.local import daemon as daemons
from frugal.local.daemon import Daemon
from frugal.paths import Checkout
from tests.engine.clone import PATIENCE, Clone
from tests.environment import Environment
from tests.unit.test_operating_guide import GUIDE, answered

DEADLINE = 3
"""Seconds of the setting `waits.deadline`; a wait or a repeated request fails after them."""

DOCKERFILE = """\
FROM python:3.13
CMD python -m http.server --bind ${HOST:-0.0.0.0} ${PORT:-8000}
"""

BASE = """\
import pulumi
from pulumi_azure_native import resources
from infra.components.identity import ACR_PULL, Identity, IdentityArgs, Role
from infra.components.image import Image, ImageArgs
from infra.components.placement import Placement
from infra.components.registry import Registry, RegistryArgs

DEADLINE, REGION = {deadline}, {region!r}

def unordered(args):
    args.opts.depends_on = []
    return pulumi.ResourceTransformationResult(args.props, args.opts)

at_once = pulumi.ResourceOptions(transformations=[unordered])
group = resources.ResourceGroup("platform", location=REGION)
place = {{"placement": Placement(group=group.name, location=REGION, tags={{}})}}

def identity(name, **roles):
    args = IdentityArgs(**place, roles=roles, role_age=0, deadline=DEADLINE)
    return Identity(name, args)

"""
# What more than one case needs.
SHARED = """\
from pulumi_azure_native import app

def environment(name):
    return app.ManagedEnvironment(
        name,
        resource_group_name=group.name,
        app_logs_configuration={"destination": "azure-monitor"},
        workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
    )

def image(name):
    args = ImageArgs(registry_id=registry.id, repository="tiny", context="apps/tiny")
    return Image(name, args).image

registry = Registry("registry", RegistryArgs(**place))
puller = identity("puller", pull=Role(definition=ACR_PULL, scope=registry.id))
pulled = {
    "image": image("image"),
    "identity_id": puller.id,
    "registry_server": registry.login_server,
    "settings": {},
    "after": [puller],
}
environment_id = environment("environment").id
"""

# In what follows all that is new to a day has the day's name, so that it meets the day whatever is
# there already, and nothing is replaced: with --continue-on-error, a run whose replacement fails
# does not end (CLI 3.274).
SERVER = """\
from infra.components.postgres import Administrator, Postgres, PostgresArgs

admin = identity(day)
administrator = Administrator(
    name=admin.name, principal_id=admin.principal_id, tenant_id=admin.tenant_id
)
Postgres(
    {server},
    PostgresArgs(
        **place,
        sku="Standard_B1ms",
        storage_gb=32,
        high_availability="Disabled",
        version="17",
        database={database},
        administrator=administrator,
        protect=False,
        settle=0,
        deadline=DEADLINE,
    ),
)
"""
POSTGRES = SERVER.format(server="day", database="day")
ADMINISTERED = SERVER.format(server='"postgres"', database='"app"')
CONTAINER_APP = """\
from infra.components.container_app import ContainerApp, ContainerAppArgs

ContainerApp(
    day,
    ContainerAppArgs(
        **place,
        **pulled,
        environment_id=environment_id,
        app_name=day,
        port=8000,
        cpu=0.25,
        min_replicas=0,
        max_replicas=1,
        cooldown_seconds=60,
        health_path="/",
        ready_path="/",
    ),
)
"""
JOBS = """\
from infra.components.job import Job, JobArgs

for number in range({count}):
    Job(
        f"{{day}}-{{number}}",
        JobArgs(
            **place,
            **pulled,
            environment_id=environment_id,
            cpu=0.25,
            command=["true"],
            timeout=60,
            retries=0,
            workspace="none",
        ),
    )
"""
APP_SERVICE = """\
from infra.components.app_service import AppService, AppServiceArgs
from infra.naming import unique_name

AppService(
    day,
    AppServiceArgs(
        **place,
        **pulled,
        app_name=group.id.apply(lambda id_: unique_name(day, id_)),
        plan_sku="B1",
        identity_client_id=puller.client_id,
        port=8000,
        health_path="/",
    ),
    opts=at_once,
)
"""
# By itself: with --continue-on-error the SDK has a traceback for a site whose plan failed (pulumi
# 3.272, runtime/rpc.py, translate_output_properties).
PLAN = """\
from pulumi_azure_native import web

sku = {"name": "B1", "tier": "Basic"}
web.AppServicePlan(day, resource_group_name=group.name, sku=sku, kind="linux", reserved=True)
"""
EDGE = """\
from infra.components.edge import Edge, EdgeArgs

args = EdgeArgs(**place, sites=["one", "two"])
Edge(day, args, opts=at_once)
"""
BUDGET = """\
from infra.components.budget import Budget, BudgetArgs, subscription_of

args = BudgetArgs(
    scope=subscription_of(group.id),
    resource_group_names=[group.name],
    amount=1,
    contacts=["owner@example.com"],
)
Budget(day, args)
"""
TRANSLATION = """\
from infra.components.translation import Translation, TranslationArgs
from infra.naming import unique_name

Translation(
    "translation",
    TranslationArgs(
        **place,
        group_id=group.id,
        sku="F0",
        subdomain=group.id.apply(lambda id_: unique_name("translator", id_)),
        principal_id=identity("translator").principal_id,
        purge_listing=0,
        role_age=0,
        deadline=DEADLINE,
    ),
)
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program that the day spoils, and what the failed run must show beside the day's code."""

    program: str
    shown: str = ""
    day: Mapping[str, float] = field(default_factory=dict[str, float])


# Two writes that are on the way at once collide as long as the day is on.
COLLIDING = {"seconds": 1.0}
ADMINISTRATOR = "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra"
NOT_LISTED = "not in the list of administrators"
ANOTHER_ENVIRONMENT, ANOTHER_IMAGE = "environment(day)\n", "image(day)\n"

OTHERS = (
    "administrator-get-404",
    "administrator-owns-objects",
    "slow-deletes",
    "slow-purge",
    "deleted-account-late",
    *("dns-late", "certificate-slow", "certificate-fails", "invalid-certificate-id"),
)
"""Days with a test of their own: they spoil no `up`, or only what follows one; those of domains."""

SPOILED: Sequence[Mapping[str, Case]] = (
    {
        "offer-restricted": Case(program=POSTGRES),
        "throttled": Case(program=ANOTHER_IMAGE),
        "no-app-service-quota": Case(program=PLAN),
        "budget-refused": Case(program=BUDGET),
        "busy-profile": Case(program=EDGE, day=COLLIDING),
    },
    {
        "server-busy": Case(program=POSTGRES),
        "no-builds": Case(program=ANOTHER_IMAGE),
        "no-environment-quota": Case(program=ANOTHER_ENVIRONMENT),
    },
    {
        "server-not-accessible": Case(program=POSTGRES),
        "docker-hub-limit": Case(program=ANOTHER_IMAGE),
        "busy-environment": Case(program=JOBS.format(count=2), day=COLLIDING),
    },
    {
        "administrator-late": Case(program=POSTGRES, shown=NOT_LISTED),
        "role-late": Case(program=CONTAINER_APP),
    },
    {
        "administrator-lost": Case(program=POSTGRES, shown=NOT_LISTED),
        "job-pull": Case(program=JOBS.format(count=1)),
        "busy-site": Case(program=APP_SERVICE, day=COLLIDING),
    },
    {
        "busy-server": Case(program=POSTGRES),
        "unavailable": Case(program=ANOTHER_IMAGE),
    },
)
"""Days that spoil one run together, each another part of it."""


@pytest.fixture(scope="module")
def shell(prepared: Clone) -> None:
    """Start the daemon, and take its variables for `in_shell`: no test here ends it."""
    prepared.open_shell()


@pytest.fixture
def spoiled(clone: Clone, shell: None) -> Iterator[Clone]:
    """The clone with a short deadline and an image's context; all days are off afterwards."""
    context = clone.root / "apps" / "tiny"
    context.mkdir(parents=True, exist_ok=True)
    (context / "Dockerfile").write_text(DOCKERFILE)
    settings = clone.root / "Pulumi.local.yaml"
    before = settings.read_text()
    assert "    pullLimit: 0\n" in before
    shorter = f"    pullLimit: 0\n    deadline: {DEADLINE}\n"
    settings.write_text(before.replace("    pullLimit: 0\n", shorter))
    yield clone
    cloud(clone).days({})
    settings.write_text(before)


@pytest.fixture
def shared(spoiled: Clone) -> Clone:
    """The clone with what is shared, made on a good day."""
    if not any("/managedEnvironments/" in one for one in existing(spoiled)):
        declare(spoiled, SHARED)
        ends_well(up(spoiled))
    return spoiled


@pytest.fixture
def administered(spoiled: Clone) -> Clone:
    """The clone with the server ADMINISTERED and its administrator `first`.

    It is made while a GET of the administrator is 404, which spoils no `up`.
    """
    declare(spoiled, named(ADMINISTERED, "first"))
    if not any("/flexibleServers/postgres-" in one for one in existing(spoiled)):
        cloud(spoiled).days({"administrator-get-404": {}})
        ends_well(up(spoiled))
        assert recorded(spoiled) == existing(spoiled)
        cloud(spoiled).days({})
    return spoiled


@pytest.fixture
def translated(spoiled: Clone) -> Clone:
    """The clone with an account of the Translator, made on a good day."""
    declare(spoiled, TRANSLATION)
    if not accounts(spoiled):
        ends_well(up(spoiled))
    return spoiled


def cloud(clone: Clone) -> Daemon:
    daemon = daemons.find(Checkout(clone.root))
    assert daemon is not None
    return daemon


def named(program: str, day: str) -> str:
    """One of the programs above with its `day`; several of them may follow one another."""
    return f"def declare(day):\n{indent(program, '    ')}\ndeclare({day!r})\n"


def declare(
    clone: Clone, program: str, *, deadline: int = DEADLINE, region: str = "eastus"
) -> None:
    base = BASE.format(deadline=deadline, region=region)
    (clone.root / "infra" / "__main__.py").write_text(base + program)


def ends_well(done: CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def up(clone: Clone, *options: str) -> CompletedProcess[str]:
    """Run `pulumi up` as in a user's own shell; without a preview, which would take as long."""
    return clone.in_shell("pulumi", "up", "--yes", "--skip-preview", "-s", "local", *options)


def fails(done: CompletedProcess[str]) -> str:
    """Output of a run that failed, which explains itself."""
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    # The SDK shows a traceback of its own where the engine's end meets a call (pulumi 3.272,
    # runtime/settings.py, grpc_error_to_exception: for UNAVAILABLE it has one line).
    assert "Traceback" not in output or "Exception: context canceled" in output, output
    return output


def recorded(clone: Clone) -> list[str]:
    """Ids of Azure's resources in the engine's state, which has nothing half done.

    One that is deleted before its replacement stays there until that is made.
    """
    state = clone.state()
    assert not state.get("pending_operations")
    return sorted(
        str(one["id"])
        for one in state.get("resources", [])
        if one["type"].startswith("azure-native:") and not one.get("pendingReplacement")
    )


def existing(clone: Clone) -> list[str]:
    """Ids of all that exists in the cloud."""
    return sorted(str(one["id"]) for one in clone.status()["resources"])


def accounts(clone: Clone) -> list[str]:
    """Ids of the Translator accounts that exist."""
    return [one for one in existing(clone) if one.rsplit("/", 2)[1] == "accounts"]


def has_a_row(day: str) -> bool:
    """Return True where the guide answers the day's code, or the day has none."""
    return not DAYS[day].code or DAYS[day].code in answered()


def goes_on(clone: Clone) -> None:
    """Bring all up on a good day: what is declared is there, and nothing else."""
    cloud(clone).days({})
    ends_well(up(clone))
    assert recorded(clone) == existing(clone)


def destroy(clone: Clone) -> CompletedProcess[str]:
    return clone.in_shell("pulumi", "destroy", "--yes", "--skip-preview", "-s", "local")


def test_each_day_has_a_case() -> None:
    days = [*OTHERS, *(day for cases in SPOILED for day in cases)]
    assert sorted(days) == sorted(DAYS)


@pytest.mark.parametrize("cases", SPOILED, ids=" ".join)
def test_a_run_that_days_spoil_is_gone_on_with(shared: Clone, cases: Mapping[str, Case]) -> None:
    program = SHARED + "".join(named(case.program, day) for day, case in cases.items())
    declare(shared, program)
    cloud(shared).days({day: case.day for day, case in cases.items()})
    # Otherwise the first refusal would keep the engine from the others.
    output = fails(up(shared, "--continue-on-error"))
    for day, case in cases.items():
        assert re.search(rf" {day}\S* \*\*creating failed\*\*", output), output
        assert DAYS[day].code in output
        assert case.shown in output
        assert has_a_row(day)
    assert set(recorded(shared)) <= set(existing(shared))
    # On a good day nothing is late: only a slow machine makes anything wait.
    declare(shared, program, deadline=PATIENCE)
    goes_on(shared)


def test_an_administrator_that_a_refresh_loses_is_imported(administered: Clone) -> None:
    cloud(administered).days({"administrator-get-404": {}})
    refresh = ("pulumi", "refresh", "--yes", "--skip-preview", "-s", "local")
    ends_well(administered.in_shell(*refresh))
    (lost,) = set(existing(administered)) - set(recorded(administered))
    cloud(administered).days({})
    refusal = "cannot create already existing resource"
    assert f"{refusal} '{lost}'" in fails(up(administered))
    assert refusal in answered()
    name = "postgres-administrator"
    parent = "parent=urn:pulumi:local::frugal::frugal:data:Postgres::postgres"
    options = (
        "--parent",
        parent,
        "--protect=false",
        "--generate-code=false",
        "--yes",
        "--skip-preview",
        "-s",
        "local",
    )
    ends_well(administered.in_shell("pulumi", "import", ADMINISTRATOR, name, lost, *options))
    goes_on(administered)


def test_an_administrator_that_owns_tables_is_deleted_with_its_server_alone(
    administered: Clone,
) -> None:
    day = "administrator-owns-objects"
    own_a_table(administered)
    cloud(administered).days({day: {}})
    declare(administered, named(ADMINISTERED, "second"))
    assert DAYS[day].code in fails(up(administered))
    assert has_a_row(day)
    assert set(recorded(administered)) <= set(existing(administered))
    goes_on(administered)
    own_a_table(administered)
    cloud(administered).days({day: {}})
    declare(administered, named(ADMINISTERED, "second"), region="westeurope")
    ends_well(up(administered))
    own_a_table(administered)
    ends_well(destroy(administered))
    assert recorded(administered) == existing(administered) == []


def test_a_purge_that_does_not_end_fails_the_destroy_and_the_next_one_goes_on(
    translated: Clone,
) -> None:
    cloud(translated).days({"slow-purge": {}})
    output = fails(destroy(translated))
    assert "is not purged after 3 seconds; Azure's last answer: it lists translation-acc" in output
    assert "`Azure's last answer: …`" in GUIDE
    assert set(recorded(translated)) <= set(existing(translated))
    cloud(translated).days({})
    ends_well(destroy(translated))
    assert recorded(translated) == existing(translated) == []
    goes_on(translated)


def test_a_deleted_account_that_is_never_listed_is_purged_by_hand(translated: Clone) -> None:
    (account,) = accounts(translated)
    cloud(translated).days({"deleted-account-late": {}})
    ends_well(destroy(translated))
    output = fails(up(translated))
    assert "CanNotCreateMultipleFreeAccounts" in output
    assert "CanNotCreateMultipleFreeAccounts" in answered()
    assert set(recorded(translated)) <= set(existing(translated))
    cloud(translated).days({})
    purge_by_hand(translated, account)
    goes_on(translated)


def test_an_account_is_purged_before_that_of_another_region_is_made(translated: Clone) -> None:
    """A subscription has one free Translator, and a deleted one counts until it is purged."""
    before = accounts(translated)
    declare(translated, TRANSLATION, deadline=PATIENCE, region="westeurope")
    ends_well(up(translated))
    (another,) = accounts(translated)
    assert another not in before


def test_a_destroy_whose_deletes_are_slow_ends_well(translated: Clone) -> None:
    cloud(translated).days({"slow-deletes": {"seconds": 1}})
    ends_well(destroy(translated))
    assert recorded(translated) == existing(translated) == []


def own_a_table(clone: Clone) -> None:
    """Make a table as the server's administrator does."""
    given = [one.get("inputs", {}) for one in clone.state()["resources"]]
    (administrator,) = (one for one in given if "principalName" in one)
    tokens = Tokens(clone.cloud / "tokens")
    token, _ = tokens.issue(client_id="", object_id=administrator["objectId"], resource=RESOURCE)
    (server,) = clone.status()["postgres"].values()
    with psycopg.connect(
        host="127.0.0.1",
        port=server["port"],
        user=administrator["principalName"],
        password=token,
        dbname="app",
    ) as connection:
        table = sql.Identifier(administrator["principalName"])
        connection.execute(sql.SQL("CREATE TABLE {} (x int)").format(table))


def purge_by_hand(clone: Clone, account: str) -> None:
    """Purge a deleted account as `az cognitiveservices account purge` does."""
    _, _, subscription, _, group, *_, name = account.split("/")
    provider = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices"
    place = f"locations/eastus/resourceGroups/{group}"
    answer = Environment(clone).azure("DELETE", f"{provider}/{place}/deletedAccounts/{name}")
    assert answer.is_success, answer.text
