"""A plain Pulumi program: the azure-native resources of `dev`, for comparison with this project's.

The same resources with the same inputs (a test compares them), declared one after another as in a
program of one file: no components, settings, bill or waits, and one dynamic resource, which would
build the images. `benchmarks/preview.py` copies it into a project of its own.
"""

import datetime as dt
import hashlib
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
from pulumi_azure_native import (
    app,
    authorization,
    consumption,
    containerregistry,
    dbforpostgresql,
    managedidentity,
    monitor,
    operationalinsights,
    resources,
    web,
)

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
location = pulumi.Config("azure-native").require("location")
stack = pulumi.get_stack()
tags = {"project": "frugal", "environment": stack, "managedBy": "pulumi"}


class Builder(ResourceProvider):
    """Would build the images."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Return the image's reference."""
        return CreateResult("image", {**props, "image": f"{props['registry']}/site:1"})


class Image(Resource, module="frugal", name="Image"):
    """The image of both sites."""

    image: Output[str]

    def __init__(self, name: str, registry: Output[str]) -> None:
        super().__init__(Builder(), name, {"registry": registry, "image": None})


def subscription_of(resource_id: str) -> str:
    """The subscription's part of a resource id."""
    return "/".join(resource_id.split("/")[:3])


def unique_name(group_id: str) -> str:
    """A globally unique name of the translator's web app."""
    return f"translator-{hashlib.sha256(group_id.lower().encode()).hexdigest()[:8]}"


platform = resources.ResourceGroup(f"frugal-{stack}-platform", location=location, tags=tags)
registry = containerregistry.Registry(
    "registry",
    resource_group_name=platform.name,
    location=location,
    sku={"name": "Basic"},
    admin_user_enabled=False,
    tags=tags,
)
image = Image("image", registry.id).image


def identity(name: str) -> managedidentity.UserAssignedIdentity:
    """An identity that may pull images."""
    made = managedidentity.UserAssignedIdentity(
        f"{name}-identity", resource_group_name=platform.name, location=location, tags=tags
    )
    authorization.RoleAssignment(
        f"{name}-pull",
        scope=registry.id,
        principal_id=made.principal_id,
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=registry.id.apply(
            lambda value: (
                f"{subscription_of(value)}/providers/Microsoft.Authorization"
                f"/roleDefinitions/{ACR_PULL}"
            )
        ),
    )
    return made


homepage_identity = identity("homepage")
translator_identity = identity("translator")
migration_identity = identity("translator-migration")

logs = operationalinsights.Workspace(
    "logs",
    resource_group_name=platform.name,
    location=location,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
    workspace_capping={"daily_quota_gb": 0.15},
    tags=tags,
)
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=platform.name,
    location=location,
    app_logs_configuration={"destination": "azure-monitor"},
    workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
    zone_redundant=False,
    tags=tags,
)
environment_logs = monitor.DiagnosticSetting(
    "environment-logs",
    resource_uri=environment.id,
    workspace_id=logs.id,
    logs=[
        {"category": "ContainerAppConsoleLogs", "enabled": True},
        {"category": "ContainerAppSystemLogs", "enabled": True},
    ],
)

data = resources.ResourceGroup(f"frugal-{stack}-data", location=location, tags=tags)
server = dbforpostgresql.Server(
    "postgres-server",
    resource_group_name=data.name,
    location=location,
    tags=tags,
    version="17",
    sku={"name": "Standard_B1ms", "tier": "Burstable"},
    storage={"storage_size_gb": 32, "auto_grow": "Disabled"},
    backup={"backup_retention_days": 7, "geo_redundant_backup": "Disabled"},
    high_availability={"mode": "Disabled"},
    auth_config={
        "active_directory_auth": "Enabled",
        "password_auth": "Disabled",
        "tenant_id": migration_identity.tenant_id,
    },
    network={"public_network_access": "Enabled"},
    opts=ResourceOptions(ignore_changes=["availabilityZone"]),
)
firewall = dbforpostgresql.FirewallRule(
    "postgres-azure",
    resource_group_name=data.name,
    server_name=server.name,
    start_ip_address="0.0.0.0",  # noqa: S104 - Azure's way to say "from within Azure"
    end_ip_address="0.0.0.0",  # noqa: S104
)
administrator = dbforpostgresql.AdministratorsMicrosoftEntra(
    "postgres-administrator",
    resource_group_name=data.name,
    server_name=server.name,
    object_id=migration_identity.principal_id,
    principal_name=migration_identity.name,
    principal_type="ServicePrincipal",
    tenant_id=migration_identity.tenant_id,
    opts=ResourceOptions(depends_on=[firewall]),
)
database = dbforpostgresql.Database(
    "postgres-database",
    resource_group_name=data.name,
    server_name=server.name,
    database_name="translator",
    charset="UTF8",
    collation="en_US.utf8",
    opts=ResourceOptions(depends_on=[administrator]),
)
connection = {
    "PGHOST": server.fully_qualified_domain_name,
    "PGDATABASE": database.name,
    "PGSSLMODE": "verify-full",
}


def probe(
    kind: app.Type, path: str, *, period: int, timeout: int, failures: int
) -> app.ContainerAppProbeArgs:
    """A probe of the homepage."""
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=8000),
        initial_delay_seconds=1,
        period_seconds=period,
        timeout_seconds=timeout,
        failure_threshold=failures,
        success_threshold=1,
    )


homepage_url = Output.concat("https://homepage.", environment.default_domain)
homepage = app.ContainerApp(
    "homepage-app",
    container_app_name="homepage",
    resource_group_name=platform.name,
    location=location,
    tags=tags,
    environment_id=environment.id,
    workload_profile_name="Consumption",
    identity={"type": "UserAssigned", "user_assigned_identities": [homepage_identity.id]},
    configuration=app.ConfigurationArgs(
        active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
        ingress=app.IngressArgs(
            external=True,
            target_port=8000,
            transport=app.IngressTransportMethod.AUTO,
            allow_insecure=False,
            traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
        ),
        registries=[
            app.RegistryCredentialsArgs(server=registry.login_server, identity=homepage_identity.id)
        ],
        secrets=[],
    ),
    template=app.TemplateArgs(
        containers=[
            app.ContainerArgs(
                name="homepage",
                image=image,
                env=[
                    app.EnvironmentVarArgs(name="PUBLIC_URL", value=homepage_url),
                    app.EnvironmentVarArgs(
                        name="AZURE_CLIENT_ID", value=homepage_identity.client_id
                    ),
                ],
                resources=app.ContainerResourcesArgs(cpu=0.25, memory="0.5Gi"),
                probes=[
                    probe(app.Type.STARTUP, "/readyz", period=1, timeout=5, failures=10),
                    probe(app.Type.LIVENESS, "/healthz", period=10, timeout=3, failures=3),
                    probe(app.Type.READINESS, "/healthz", period=5, timeout=3, failures=3),
                ],
            )
        ],
        scale=app.ScaleArgs(
            min_replicas=0,
            max_replicas=1,
            cooldown_period=300,
            rules=[
                app.ScaleRuleArgs(
                    name="http",
                    http=app.HttpScaleRuleArgs(metadata={"concurrentRequests": "20"}),
                )
            ],
        ),
        termination_grace_period_seconds=30,
    ),
    opts=ResourceOptions(depends_on=[environment_logs]),
)

migration = app.Job(
    "migration-job",
    resource_group_name=platform.name,
    location=location,
    tags=tags,
    environment_id=environment.id,
    workload_profile_name="Consumption",
    identity={"type": "UserAssigned", "user_assigned_identities": [migration_identity.id]},
    configuration=app.JobConfigurationArgs(
        trigger_type=app.TriggerType.MANUAL,
        manual_trigger_config=app.JobConfigurationManualTriggerConfigArgs(
            parallelism=1, replica_completion_count=1
        ),
        replica_timeout=300,
        replica_retry_limit=1,
        registries=[
            app.RegistryCredentialsArgs(
                server=registry.login_server, identity=migration_identity.id
            )
        ],
    ),
    template=app.JobTemplateArgs(
        containers=[
            app.ContainerArgs(
                name="migration",
                image=image,
                command=["python", "-m", "translator.migrate"],
                env=[
                    app.EnvironmentVarArgs(name=name, value=value)
                    for name, value in {
                        **connection,
                        "PGUSER": migration_identity.name,
                        "AZURE_CLIENT_ID": migration_identity.client_id,
                        "APP_ROLE": "translator_app",
                        "APP_OBJECT_ID": translator_identity.principal_id,
                    }.items()
                ],
                resources=app.ContainerResourcesArgs(cpu=0.25, memory="0.5Gi"),
            )
        ]
    ),
    opts=ResourceOptions(depends_on=[homepage]),
)

translator_name = platform.id.apply(unique_name)
translator_url = Output.concat("https://", translator_name, ".azurewebsites.net")
plan = web.AppServicePlan(
    "translator-plan",
    resource_group_name=platform.name,
    location=location,
    tags=tags,
    kind="linux",
    reserved=True,
    zone_redundant=False,
    sku={"name": "B1", "tier": "Basic", "capacity": 1},
)
translator = web.WebApp(
    "translator-web",
    name=translator_name,
    resource_group_name=platform.name,
    location=location,
    tags=tags,
    kind="app,linux,container",
    reserved=True,
    server_farm_id=plan.id,
    https_only=True,
    client_affinity_enabled=False,
    identity={
        "type": web.ManagedServiceIdentityType.USER_ASSIGNED,
        "user_assigned_identities": [translator_identity.id],
    },
    key_vault_reference_identity=translator_identity.id,
    site_config=web.SiteConfigArgs(
        linux_fx_version=Output.concat("DOCKER|", image),
        acr_use_managed_identity_creds=True,
        acr_user_managed_identity_id=translator_identity.client_id,
        always_on=True,
        health_check_path="/healthz",
        ftps_state=web.FtpsState.DISABLED,
        min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        scm_min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        remote_debugging_enabled=False,
        http20_enabled=True,
        app_settings=[
            web.NameValuePairArgs(name=name, value=value)
            for name, value in {
                "WEBSITES_PORT": "8000",
                "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
                "PUBLIC_URL": translator_url,
                **connection,
                "PGUSER": "translator_app",
                "AZURE_CLIENT_ID": translator_identity.client_id,
                "TRANSLATOR_PROVIDER": "offline",
            }.items()
        ],
    ),
    opts=ResourceOptions(depends_on=[migration]),
)
scm = web.WebAppScmAllowed(
    "translator-scm", name=translator.name, resource_group_name=platform.name, allow=False
)
web.WebAppFtpAllowed(
    "translator-ftp",
    name=translator.name,
    resource_group_name=platform.name,
    allow=False,
    opts=ResourceOptions(depends_on=[scm]),
)

consumption.Budget(
    "budget-monthly",
    scope=platform.id.apply(subscription_of),
    amount=40,
    category=consumption.CategoryType.COST,
    time_grain=consumption.TimeGrainType.MONTHLY,
    time_period={"start_date": f"{dt.datetime.now(tz=dt.UTC):%Y-%m}-01T00:00:00Z"},
    filter={
        "dimensions": {
            "name": "ResourceGroupName",
            "operator": consumption.BudgetOperatorType.IN_,
            "values": [platform.name, data.name],
        }
    },
    notifications={
        f"{name}{percent}": consumption.NotificationArgs(
            enabled=True,
            operator=consumption.OperatorType.GREATER_THAN_OR_EQUAL_TO,
            threshold=percent,
            threshold_type=kind,
            contact_emails=["owner@example.com"],
        )
        for name, kind, percent in (
            ("actual", "Actual", 50),
            ("actual", "Actual", 80),
            ("actual", "Actual", 100),
            ("forecast", "Forecasted", 100),
        )
    },
    opts=ResourceOptions(ignore_changes=["timePeriod"]),
)

pulumi.export("homepageUrl", homepage_url)
pulumi.export("translatorUrl", translator_url)
