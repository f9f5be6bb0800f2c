"""A site on Azure App Service: a Linux plan and a web app that runs a container image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import web

from infra.components.placement import Placement


@dataclass(frozen=True, kw_only=True)
class AppServiceArgs:
    """Sizes are plain values, as they are priced.

    `plan_sku`: a size of the Basic tier, which runs one instance, always; `settings`: app settings
    in clear; `secrets`: app settings that are secrets of the state (Azure encrypts all of them at
    rest); `registry_server`: where the identity pulls the image from, None for a public image;
    `after`: resources to create before the app and delete after it (a component's own depends_on
    does not reach its children).
    """

    placement: Placement
    app_name: Input[str]
    plan_sku: str
    image: Input[str]
    identity_id: Input[str]
    identity_client_id: Input[str]
    registry_server: Input[str] | None
    port: int
    health_path: str | None
    settings: Mapping[str, Input[str]]
    secrets: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    after: Sequence[Resource] = ()


class AppService(ComponentResource):
    """Outputs: `id`, `plan_id`, and `verification_id`, which proves that a name is the owner's.

    Its host name is known before deployment (`web_app_host`).
    """

    id: Output[str]
    plan_id: Output[str]
    verification_id: Output[str]

    def __init__(
        self, name: str, args: AppServiceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:web:AppService", name, None, opts)
        plan = web.AppServicePlan(
            f"{name}-plan",
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            kind="linux",
            reserved=True,  # Linux
            zone_redundant=False,
            sku={"name": args.plan_sku, "tier": "Basic", "capacity": 1},
            opts=ResourceOptions(parent=self),
        )
        site = web.WebApp(
            f"{name}-web",
            name=args.app_name,
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            kind="app,linux,container",
            reserved=True,
            server_farm_id=plan.id,
            https_only=True,
            client_affinity_enabled=False,
            identity={
                "type": web.ManagedServiceIdentityType.USER_ASSIGNED,
                "user_assigned_identities": [args.identity_id],
            },
            key_vault_reference_identity=args.identity_id,
            site_config=_site_config(args),
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        # No publishing by user name and password, neither to the deployment site nor by FTP. One
        # after the other: a site refuses concurrent writes (Conflict; Azure/
        # terraform-azurerm-avm-res-web-site pull request 272, read November 2026).
        scm = web.WebAppScmAllowed(
            f"{name}-scm",
            name=site.name,
            resource_group_name=args.placement.group,
            allow=False,
            opts=ResourceOptions(parent=self),
        )
        web.WebAppFtpAllowed(
            f"{name}-ftp",
            name=site.name,
            resource_group_name=args.placement.group,
            allow=False,
            opts=ResourceOptions(parent=self, depends_on=[scm]),
        )
        self.id, self.plan_id = site.id, plan.id
        self.verification_id = site.custom_domain_verification_id.apply(lambda value: value or "")
        self.register_outputs({"id": self.id})


def web_app_host(app_name: Input[str]) -> Output[str]:
    """Host name of a web app, known before the app is created."""
    return Output.concat(app_name, ".azurewebsites.net")


def _site_config(args: AppServiceArgs) -> web.SiteConfigArgs:
    settings: dict[str, Input[str]] = {
        "WEBSITES_PORT": str(args.port),
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
        **args.settings,
        **{key: Output.secret(value) for key, value in args.secrets.items()},
    }
    return web.SiteConfigArgs(
        linux_fx_version=Output.concat("DOCKER|", args.image),
        # The client id of the identity that pulls the image.
        acr_use_managed_identity_creds=args.registry_server is not None,
        acr_user_managed_identity_id=args.identity_client_id,
        always_on=True,
        health_check_path=args.health_path,
        ftps_state=web.FtpsState.DISABLED,
        min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        scm_min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        remote_debugging_enabled=False,
        http20_enabled=True,
        # Inline: a separate app settings resource would overwrite this whole set.
        app_settings=[
            web.NameValuePairArgs(name=key, value=value) for key, value in settings.items()
        ],
    )
