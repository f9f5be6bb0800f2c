"""The translator on App Service or on Azure Container Apps, by a setting."""

from collections.abc import Mapping

from pulumi import Input, Output

from infra.components.app_service import AppService, AppServiceArgs, web_app_host
from infra.naming import tags, web_app_name
from infra.settings import Settings
from infra.stacks.data import Data
from infra.stacks.platform import Platform
from infra.stacks.site import (
    HEALTH_PATH,
    PORT,
    Site,
    address,
    container_app,
    container_host,
    image,
    route,
)

NAME = "translator"
PLAN_SKU = "B1"
READY_PATH = "/readyz"
PRIVATE_PATHS = ("/api/*",)
QUERY_STRINGS = ("starts_with",)


def deploy(settings: Settings, platform: Platform, data: Data) -> Site:
    """Declare the app on its host and its way through the edge; the database stays as it is."""
    on_container_apps = settings.translator.host == "containerApp"
    web_app = platform.group.id.apply(lambda group_id: web_app_name(NAME, group_id))
    host = container_host(NAME, platform) if on_container_apps else web_app_host(web_app)
    site = address(NAME, host, platform)
    app_settings = _app_settings(site, platform, data)
    if on_container_apps:
        app = container_app(
            NAME,
            settings.translator,
            settings,
            platform,
            ready_path=READY_PATH,
            app_settings=app_settings,
            after=[data.postgres],
        )
    else:
        app = _app_service(web_app, app_settings, settings, platform, data)
    route(
        NAME,
        app,
        host,
        platform,
        private_paths=PRIVATE_PATHS,
        query_strings=QUERY_STRINGS,
    )
    return site


def _app_service(
    app_name: Output[str],
    app_settings: Mapping[str, Input[str]],
    settings: Settings,
    platform: Platform,
    data: Data,
) -> AppService:
    identity = platform.identities[NAME]
    chosen_image = image(NAME, settings.translator.image, platform)
    return AppService(
        NAME,
        AppServiceArgs(
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
            app_name=app_name,
            plan_sku=PLAN_SKU,
            image=chosen_image.reference,
            identity_id=identity.id,
            identity_client_id=identity.client_id,
            registry_server=chosen_image.registry_server,
            port=PORT,
            health_path=HEALTH_PATH,
            settings=app_settings,
            after=[identity, data.postgres],
        ),
    )


def _app_settings(site: Site, platform: Platform, data: Data) -> Mapping[str, Input[str]]:
    """No password: the app signs in to the database with a token of its identity."""
    identity = platform.identities[NAME]
    return {
        "PUBLIC_URL": site.url,
        "PGHOST": data.postgres.host,
        "PGDATABASE": data.postgres.database,
        "PGUSER": identity.name,
        "PGSSLMODE": "verify-full",
        "AZURE_CLIENT_ID": identity.client_id,
    }
