"""A program that declares each type of the contract once, as the Pulumi SDK really sends it."""

import asyncio
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime import settings as pulumi_settings
from pulumi_azure_native import (
    app,
    authorization,
    cdn,
    cognitiveservices,
    consumption,
    containerregistry,
    dbforpostgresql,
    dns,
    managedidentity,
    monitor,
    operationalinsights,
    resources,
    web,
)

SCOPE = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g"
IDENTITY = f"{SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
OBJECT_ID = "11111111-1111-1111-1111-111111111111"
GROUP = {"resource_group_name": "g"}
PLACE = {"resource_group_name": "g", "location": "eastus"}
PROFILE = {"resource_group_name": "g", "profile_name": "edge"}


def every_type() -> dict[str, dict[str, Any]]:
    """The inputs of one resource of each type, by token."""
    sent: dict[str, dict[str, Any]] = {}

    class Recording(mocks.Mocks):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            sent[args.typ] = {k: rpc.unwrap_rpc_secret(v) for k, v in args.inputs.items()}
            # Azure answers the list of identities with a map, and the SDK reads one.
            answer = {"identity": {"type": "x"}} if "identity" in args.inputs else {}
            return f"{args.name}-id", answer

        def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
            raise AssertionError(args.token)

    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    pulumi.runtime.set_mocks(Recording(), project="frugal", stack="test", preview=False)
    try:
        pulumi.runtime.test(_declare)()
    finally:
        pulumi_settings.reset_options()
        asyncio.set_event_loop(None)
        loop.close()
    return {token: body for token, body in sent.items() if token.startswith("azure-native:")}


def _declare() -> None:
    _base()
    _container_apps()
    _edge()
    _domains()
    _app_service()
    _database()


def _base() -> None:
    resources.ResourceGroup("g", resource_group_name="g", location="eastus", tags={"a": "b"})
    containerregistry.Registry(
        "registry",
        **PLACE,
        registry_name="registry1",
        sku=containerregistry.SkuArgs(name=containerregistry.SkuName.BASIC),
        admin_user_enabled=False,
    )
    managedidentity.UserAssignedIdentity("i", **PLACE, resource_name_="site")
    authorization.RoleAssignment(
        "pull",
        role_assignment_name=OBJECT_ID,
        scope=SCOPE,
        principal_id=OBJECT_ID,
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{OBJECT_ID}",
    )
    operationalinsights.Workspace(
        "logs",
        **PLACE,
        workspace_name="logs1",
        sku={"name": "PerGB2018"},
        retention_in_days=30,
        workspace_capping={"daily_quota_gb": 0.5},
    )
    monitor.DiagnosticSetting(
        "diagnostics",
        resource_uri=f"{SCOPE}/providers/Microsoft.App/managedEnvironments/e",
        name="logs",
        workspace_id=f"{SCOPE}/providers/Microsoft.OperationalInsights/workspaces/logs1",
        logs=[{"category": "ContainerAppConsoleLogs", "enabled": True}],
    )
    consumption.Budget(
        "budget",
        scope=SCOPE,
        budget_name="month",
        amount=50,
        category=consumption.CategoryType.COST,
        time_grain=consumption.TimeGrainType.MONTHLY,
        time_period={"start_date": "2026-11-01T00:00:00Z"},
        notifications={
            "actual_80": {
                "enabled": True,
                "operator": "GreaterThanOrEqualTo",
                "threshold": 80,
                "threshold_type": "Actual",
                "contact_emails": ["owner@example.com"],
            }
        },
    )
    cognitiveservices.Account(
        "account",
        **PLACE,
        account_name="translator",
        kind="TextTranslation",
        sku={"name": "F0"},
        properties={"disable_local_auth": True, "custom_sub_domain_name": "translator1"},
    )


def _container_apps() -> None:
    app.ManagedEnvironment(
        "e",
        **PLACE,
        environment_name="env",
        app_logs_configuration={"destination": "azure-monitor"},
        workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
        zone_redundant=False,
    )
    identity = {"type": "UserAssigned", "user_assigned_identities": [IDENTITY]}
    container = {
        "name": "site",
        "image": "registry1.azurecr.io/site@sha256:0",
        "env": [{"name": "A", "value": "b"}, {"name": "KEY", "secret_ref": "key"}],
        "resources": {"cpu": 0.25, "memory": "0.5Gi"},
        "probes": [
            {
                "type": "Liveness",
                "http_get": {"path": "/healthz", "port": 8000},
                "period_seconds": 10,
            }
        ],
    }
    registries = [{"server": "registry1.azurecr.io", "identity": IDENTITY}]
    app.ContainerApp(
        "site",
        **PLACE,
        container_app_name="site-1",
        environment_id=f"{SCOPE}/providers/Microsoft.App/managedEnvironments/env",
        identity=identity,
        configuration={
            "active_revisions_mode": "Single",
            "ingress": {
                "external": True,
                "target_port": 8000,
                "transport": "auto",
                "traffic": [{"latest_revision": True, "weight": 100}],
            },
            "registries": registries,
            "secrets": [{"name": "key", "value": pulumi.Output.secret("canary")}],
        },
        template={
            "containers": [container],
            "scale": {
                "min_replicas": 0,
                "max_replicas": 2,
                "cooldown_period": 300,
                "rules": [{"name": "http", "http": {"metadata": {"concurrentRequests": "50"}}}],
            },
        },
    )
    app.Job(
        "job",
        **PLACE,
        job_name="migrate",
        environment_id=f"{SCOPE}/providers/Microsoft.App/managedEnvironments/env",
        identity=identity,
        configuration={
            "trigger_type": "Manual",
            "replica_timeout": 600,
            "manual_trigger_config": {"parallelism": 1, "replica_completion_count": 1},
            "registries": registries,
        },
        template={"containers": [container]},
    )


def _domains() -> None:
    zone = {"resource_group_name": "g", "zone_name": "example.com"}
    dns.Zone("zone", **zone, location="global")
    dns.RecordSet(
        "record",
        **zone,
        record_type="CNAME",
        relative_record_set_name="www",
        ttl=300,
        cname_record={"cname": "site.example.net"},
    )
    app.ManagedCertificate(
        "certificate",
        **PLACE,
        environment_name="env",
        managed_certificate_name="www",
        properties={"subject_name": "www.example.com", "domain_control_validation": "CNAME"},
    )
    cdn.AFDCustomDomain(
        "edge-domain",
        **PROFILE,
        custom_domain_name="www",
        host_name="www.example.com",
        tls_settings={"certificate_type": "ManagedCertificate", "minimum_tls_version": "TLS12"},
    )


def _edge() -> None:
    cdn.Profile(
        "edge",
        **GROUP,
        location="Global",
        profile_name="edge",
        sku={"name": "Standard_AzureFrontDoor"},
        origin_response_timeout_seconds=60,
    )
    cdn.AFDEndpoint(
        "endpoint",
        **PROFILE,
        location="Global",
        endpoint_name="site",
        enabled_state="Enabled",
        auto_generated_domain_name_label_scope="TenantReuse",
    )
    cdn.AFDOriginGroup(
        "origins",
        **PROFILE,
        origin_group_name="site",
        load_balancing_settings={"sample_size": 4, "successful_samples_required": 3},
        session_affinity_state="Disabled",
    )
    cdn.AFDOrigin(
        "origin",
        **PROFILE,
        origin_group_name="site",
        origin_name="site",
        host_name="site.example.com",
        origin_host_header="site.example.com",
        enabled_state="Enabled",
        priority=1,
        weight=1000,
    )
    cdn.Route(
        "route",
        **PROFILE,
        endpoint_name="site",
        route_name="cached",
        origin_group={"id": f"{SCOPE}/origins"},
        patterns_to_match=["/*"],
        supported_protocols=["Http", "Https"],
        forwarding_protocol="HttpsOnly",
        https_redirect="Enabled",
        link_to_default_domain="Enabled",
        enabled_state="Enabled",
        cache_configuration={
            "query_string_caching_behavior": "IncludeSpecifiedQueryStrings",
            "query_parameters": "page",
            "compression_settings": {
                "is_compression_enabled": True,
                "content_types_to_compress": ["text/html"],
            },
        },
    )


def _app_service() -> None:
    web.AppServicePlan(
        "plan", **PLACE, name="plan", kind="linux", reserved=True, sku={"name": "B1", "capacity": 1}
    )
    web.WebApp(
        "web",
        **PLACE,
        name="translator-1",
        kind="app,linux,container",
        server_farm_id=f"{SCOPE}/plan",
        https_only=True,
        identity={"type": "UserAssigned", "user_assigned_identities": [IDENTITY]},
        site_config={
            "linux_fx_version": "DOCKER|registry1.azurecr.io/site@sha256:0",
            "acr_use_managed_identity_creds": True,
            "acr_user_managed_identity_id": OBJECT_ID,
            "always_on": True,
            "health_check_path": "/healthz",
            "ftps_state": "Disabled",
            "min_tls_version": "1.2",
            "app_settings": [{"name": "WEBSITES_PORT", "value": "8000"}],
        },
    )
    web.WebAppScmAllowed("scm", **GROUP, name="translator-1", allow=False)
    web.WebAppFtpAllowed("ftp", **GROUP, name="translator-1", allow=False)
    web.StaticSite("static", **PLACE, name="static", sku={"name": "Free", "tier": "Free"})
    web.StaticSiteCustomDomain(
        "files",
        **GROUP,
        name="static",
        domain_name="files.example.com",
        validation_method="cname-delegation",
    )
    web.WebAppHostNameBinding(
        "binding",
        **GROUP,
        name="translator-1",
        host_name="www.example.com",
        custom_host_name_dns_record_type="CName",
        host_name_type="Verified",
        ssl_state="SniEnabled",
        thumbprint="A" * 40,
    )
    web.Certificate(
        "web-certificate",
        **PLACE,
        name="www",
        canonical_name="www.example.com",
        server_farm_id=f"{SCOPE}/providers/Microsoft.Web/serverfarms/plan",
    )


def _database() -> None:
    server = {"resource_group_name": "g", "server_name": "server1"}
    dbforpostgresql.Server(
        "server",
        **server,
        location="eastus",
        version="17",
        sku={"name": "Standard_B1ms", "tier": "Burstable"},
        storage={"storage_size_gb": 32},
        auth_config={"active_directory_auth": "Enabled", "password_auth": "Disabled"},
        backup={"backup_retention_days": 7, "geo_redundant_backup": "Disabled"},
        high_availability={"mode": "Disabled"},
        network={"public_network_access": "Enabled"},
    )
    dbforpostgresql.Database(
        "db", **server, database_name="rounds", charset="UTF8", collation="en_US.utf8"
    )
    dbforpostgresql.FirewallRule(
        "azure",
        **server,
        firewall_rule_name="azure",
        start_ip_address="0.0.0.0",
        end_ip_address="0.0.0.0",
    )
    dbforpostgresql.Configuration(
        "tls", **server, configuration_name="require_secure_transport", value="on", source="user"
    )
    dbforpostgresql.AdministratorsMicrosoftEntra(
        "admin",
        **server,
        object_id=OBJECT_ID,
        principal_name="site",
        principal_type="ServicePrincipal",
        tenant_id=OBJECT_ID,
    )
