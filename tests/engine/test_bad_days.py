"""Each of Azure's bad days by itself: the run that it spoils, and the one that goes on after it.

The programs are made of the project's own components, and share what they need from case to case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from subprocess import CompletedProcess

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

# Makes what is new to the day by its name, so that it meets the day whatever is there already.
BASE = """\
import pulumi
from pulumi_azure_native import app, resources
from infra.components.identity import ACR_PULL, Identity, IdentityArgs, Role
from infra.components.image import Image, ImageArgs
from infra.components.placement import Placement
from infra.components.registry import Registry, RegistryArgs

DAY, DEADLINE, REGION = {day!r}, {deadline}, {region!r}

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

POSTGRES = """\
from infra.components.postgres import Administrator, Postgres, PostgresArgs

admin = identity(DAY)
administrator = Administrator(
    name=admin.name, principal_id=admin.principal_id, tenant_id=admin.tenant_id
)
Postgres(
    "postgres",
    PostgresArgs(
        **place,
        sku="Standard_B1ms",
        storage_gb=32,
        high_availability="Disabled",
        version="17",
        database=DAY,
        administrator=administrator,
        protect=False,
        settle=0,
        deadline=DEADLINE,
    ),
)
"""
IMAGE = """\
registry = Registry("registry", RegistryArgs(**place))
image = Image({name}, ImageArgs(registry_id=registry.id, repository="tiny", context="apps/tiny"))
"""
RUNNING = IMAGE.format(name='"image"') + (
    """\
puller = identity("puller", pull=Role(definition=ACR_PULL, scope=registry.id))
pulled = {
    "image": image.image,
    "identity_id": puller.id,
    "registry_server": registry.login_server,
    "settings": {},
    "after": [puller],
}
"""
)
ENVIRONMENT = """\
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=group.name,
    app_logs_configuration={"destination": "azure-monitor"},
    workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
)
"""
CONTAINER_APP = """\
from infra.components.container_app import ContainerApp, ContainerAppArgs

ContainerApp(
    DAY,
    ContainerAppArgs(
        **place,
        **pulled,
        environment_id=environment.id,
        app_name=DAY,
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
from infra.components.job_run import Job, JobArgs

for number in range({count}):
    Job(
        f"{{DAY}}-{{number}}",
        JobArgs(
            **place,
            **pulled,
            environment_id=environment.id,
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
    DAY,
    AppServiceArgs(
        **place,
        **pulled,
        app_name=group.id.apply(lambda id_: unique_name(DAY, id_)),
        plan_sku="B1",
        identity_client_id=puller.client_id,
        port=8000,
        health_path="/",
    ),
    opts={opts},
)
"""
EDGE = """\
from infra.components.edge import Edge, EdgeArgs

args = EdgeArgs(**place, sites=["one", "two"])
Edge("edge", args, opts=at_once)
"""
BUDGET = """\
from infra.components.budget import Budget, BudgetArgs, subscription_of

args = BudgetArgs(
    scope=subscription_of(group.id),
    resource_group_names=[group.name],
    amount=1,
    contacts=["owner@example.com"],
)
Budget("budget", args)
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

OTHERS = (
    "administrator-get-404",
    "administrator-owns-objects",
    "slow-deletes",
    "slow-purge",
    "deleted-account-late",
    *("dns-late", "certificate-slow", "certificate-fails", "invalid-certificate-id"),
)
"""Days with a test of their own: they spoil no `up`, or only what follows one; those of domains."""

SPOILED: Mapping[str, Case] = {
    "offer-restricted": Case(program=POSTGRES),
    "server-busy": Case(program=POSTGRES),
    "server-not-accessible": Case(program=POSTGRES),
    "administrator-late": Case(program=POSTGRES, shown="not in the list of administrators"),
    "administrator-lost": Case(program=POSTGRES, shown="not in the list of administrators"),
    "busy-server": Case(program=POSTGRES),
    "no-builds": Case(program=IMAGE.format(name="DAY")),
    "docker-hub-limit": Case(program=IMAGE.format(name="DAY")),
    "throttled": Case(program=IMAGE.format(name="DAY")),
    "unavailable": Case(program=IMAGE.format(name="DAY")),
    "no-environment-quota": Case(program=ENVIRONMENT),
    "role-late": Case(program=RUNNING + ENVIRONMENT + CONTAINER_APP),
    "job-pull": Case(program=RUNNING + ENVIRONMENT + JOBS.format(count=1)),
    "busy-environment": Case(program=RUNNING + ENVIRONMENT + JOBS.format(count=2), day=COLLIDING),
    "no-app-service-quota": Case(program=RUNNING + APP_SERVICE.format(opts="None")),
    "busy-site": Case(program=RUNNING + APP_SERVICE.format(opts="at_once"), day=COLLIDING),
    "budget-refused": Case(program=BUDGET),
    "busy-profile": Case(program=EDGE, day=COLLIDING),
}


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


def cloud(clone: Clone) -> Daemon:
    daemon = daemons.find(Checkout(clone.root))
    assert daemon is not None
    return daemon


def declare(
    clone: Clone, program: str, day: str, *, deadline: int = DEADLINE, region: str = "eastus"
) -> None:
    base = BASE.format(day=day, deadline=deadline, region=region)
    (clone.root / "infra" / "__main__.py").write_text(base + program)


def ends_well(done: CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def up(clone: Clone) -> CompletedProcess[str]:
    """Run `pulumi up` as in a user's own shell; without a preview, which would take as long."""
    return clone.in_shell("pulumi", "up", "--yes", "--skip-preview", "-s", "local")


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
    assert {*SPOILED, *OTHERS} == set(DAYS)


@pytest.mark.parametrize("day", SPOILED)
def test_a_run_that_a_day_spoils_is_gone_on_with(spoiled: Clone, day: str) -> None:
    case = SPOILED[day]
    declare(spoiled, case.program, day)
    cloud(spoiled).days({day: case.day})
    output = fails(up(spoiled))
    assert DAYS[day].code in output
    assert case.shown in output
    assert has_a_row(day)
    assert set(recorded(spoiled)) <= set(existing(spoiled))
    # On a good day nothing is late: only a slow machine makes anything wait.
    declare(spoiled, case.program, day, deadline=PATIENCE)
    goes_on(spoiled)


def test_an_administrator_that_a_refresh_loses_is_imported(spoiled: Clone) -> None:
    day = "administrator-get-404"
    declare(spoiled, POSTGRES, day)
    cloud(spoiled).days({day: {}})
    ends_well(up(spoiled))
    assert recorded(spoiled) == existing(spoiled)
    ends_well(spoiled.in_shell("pulumi", "refresh", "--yes", "--skip-preview", "-s", "local"))
    (lost,) = set(existing(spoiled)) - set(recorded(spoiled))
    cloud(spoiled).days({})
    refusal = "cannot create already existing resource"
    assert f"{refusal} '{lost}'" in fails(up(spoiled))
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
    ends_well(spoiled.in_shell("pulumi", "import", ADMINISTRATOR, name, lost, *options))
    goes_on(spoiled)


def test_an_administrator_that_owns_tables_is_deleted_with_its_server_alone(spoiled: Clone) -> None:
    day = "administrator-owns-objects"
    program = POSTGRES.replace("database=DAY", 'database="app"')
    declare(spoiled, program, "first")
    ends_well(up(spoiled))
    own_a_table(spoiled)
    cloud(spoiled).days({day: {}})
    declare(spoiled, program, "second")
    assert DAYS[day].code in fails(up(spoiled))
    assert has_a_row(day)
    assert set(recorded(spoiled)) <= set(existing(spoiled))
    goes_on(spoiled)
    own_a_table(spoiled)
    cloud(spoiled).days({day: {}})
    declare(spoiled, program, "second", region="westeurope")
    ends_well(up(spoiled))
    own_a_table(spoiled)
    ends_well(destroy(spoiled))
    assert recorded(spoiled) == existing(spoiled) == []


def test_a_destroy_whose_deletes_are_slow_ends_well(spoiled: Clone) -> None:
    day = "slow-deletes"
    declare(spoiled, BUDGET, day)
    ends_well(up(spoiled))
    cloud(spoiled).days({day: {"seconds": 1}})
    ends_well(destroy(spoiled))
    assert recorded(spoiled) == existing(spoiled) == []


def test_a_purge_that_does_not_end_fails_the_destroy_and_the_next_one_goes_on(
    spoiled: Clone,
) -> None:
    day = "slow-purge"
    declare(spoiled, TRANSLATION, day)
    ends_well(up(spoiled))
    cloud(spoiled).days({day: {}})
    output = fails(destroy(spoiled))
    assert "is not purged after 3 seconds; Azure's last answer: it lists translation-acc" in output
    assert "`Azure's last answer: …`" in GUIDE
    assert set(recorded(spoiled)) <= set(existing(spoiled))
    cloud(spoiled).days({})
    ends_well(destroy(spoiled))
    assert recorded(spoiled) == existing(spoiled) == []
    goes_on(spoiled)


def test_a_deleted_account_that_is_never_listed_is_purged_by_hand(spoiled: Clone) -> None:
    day = "deleted-account-late"
    declare(spoiled, TRANSLATION, day)
    ends_well(up(spoiled))
    (account,) = (one for one in existing(spoiled) if one.rsplit("/", 2)[1] == "accounts")
    cloud(spoiled).days({day: {}})
    ends_well(destroy(spoiled))
    output = fails(up(spoiled))
    assert "CanNotCreateMultipleFreeAccounts" in output
    assert "CanNotCreateMultipleFreeAccounts" in answered()
    assert set(recorded(spoiled)) <= set(existing(spoiled))
    cloud(spoiled).days({})
    purge_by_hand(spoiled, account)
    goes_on(spoiled)


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
