"""The translator on App Service or on Azure Container Apps, by a setting."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pulumi import Input, Output, Resource

from infra.components.app_service import AppService, AppServiceArgs, web_app_host
from infra.components.job_run import Job, JobArgs
from infra.components.translation import Translation, TranslationArgs
from infra.naming import tags, unique_name
from infra.settings import Settings
from infra.stacks.data import Data
from infra.stacks.platform import MIGRATION, Platform
from infra.stacks.site import (
    CPU,
    HEALTH_PATH,
    PORT,
    Site,
    address,
    container_app,
    container_host,
    route,
)

NAME = "translator"
PLAN_SKU = "B1"
READY_PATH = "/readyz"
PRIVATE_PATHS = ("/api/*", "/forms/*", "/yours")
QUERY_STRINGS = ("starts_with", "after")

APP_ROLE = "translator_app"
"""The app's role in the database: reads and writes its tables, and nothing else."""

MIGRATE = ("python", "-m", "translator.migrate")
MIGRATE_SECONDS = 300
MIGRATE_RETRIES = 1


def deploy(settings: Settings, platform: Platform, data: Data, previous: Site) -> Site:
    """Declare the app on its host and its way through the edge; the database stays as it is.

    `previous`: the site that writes to the environment and the edge before this one.
    """
    on_container_apps = settings.translator.host == "containerApp"
    unique = platform.group.id.apply(lambda group_id: unique_name(NAME, group_id))
    host = container_host(NAME, platform) if on_container_apps else web_app_host(unique)
    site = address(NAME, host, platform)
    translation = _translation(unique, settings, platform)
    app_settings = {
        **_app_settings(site, platform, data),
        "TRANSLATOR_PROVIDER": settings.translator.translation.provider,
        **({"TRANSLATOR_ENDPOINT": translation.endpoint} if translation else {}),
    }
    migration = _migration(settings, platform, data, previous)
    after = [migration, *([translation] if translation else [])]
    if on_container_apps:
        app = container_app(
            NAME,
            settings.translator,
            settings,
            platform,
            ready_path=READY_PATH,
            app_settings=app_settings,
            after=after,
        )
    else:
        app = _app_service(
            settings,
            platform,
            app_name=unique,
            app_settings=app_settings,
            after=after,
        )
    way = route(
        NAME,
        app,
        host,
        platform,
        release=platform.images[NAME].reference,
        private_paths=PRIVATE_PATHS,
        query_strings=QUERY_STRINGS,
        after=previous.route,
    )
    return replace(site, app=app, route=way)


def _app_service(
    settings: Settings,
    platform: Platform,
    *,
    app_name: Output[str],
    app_settings: Mapping[str, Input[str]],
    after: Sequence[Resource],
) -> AppService:
    identity, site_image = platform.identities[NAME], platform.images[NAME]
    return AppService(
        NAME,
        AppServiceArgs(
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
            app_name=app_name,
            plan_sku=PLAN_SKU,
            image=site_image.reference,
            identity_id=identity.id,
            identity_client_id=identity.client_id,
            registry_server=site_image.registry_server,
            port=PORT,
            health_path=HEALTH_PATH,
            settings=app_settings,
            after=[identity, *after],
        ),
    )


def _translation(
    subdomain: Output[str], settings: Settings, platform: Platform
) -> Translation | None:
    """The Translator account, where Azure translates."""
    if settings.translator.translation.provider == "offline":
        return None
    return Translation(
        "translation",
        TranslationArgs(
            group_id=platform.group.id,
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
            sku=settings.translator.translation.sku,
            subdomain=subdomain,
            principal_id=platform.identities[NAME].principal_id,
            purge_listing=settings.waits.purge,
            role_age=settings.waits.role_age,
            deadline=settings.waits.deadline,
            after=list(platform.identities.values()),
        ),
    )


def _migration(settings: Settings, platform: Platform, data: Data, previous: Site) -> Job:
    """The job that makes the app's role and its tables, before the app that needs them.

    After the other site's app: an environment refuses two writes at once
    (ContainerAppOperationInProgress; microsoft/aspire issue 18682, 2026-07).
    """
    identity, site_image = platform.identities[MIGRATION], platform.images[NAME]
    others = [previous.app] if previous.app else []
    return Job(
        "migration",
        JobArgs(
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
            environment_id=platform.environment.id,
            image=site_image.reference,
            identity_id=identity.id,
            registry_server=site_image.registry_server,
            cpu=CPU,
            command=MIGRATE,
            settings={
                **_database(data),
                "PGUSER": identity.name,
                "AZURE_CLIENT_ID": identity.client_id,
                "APP_ROLE": APP_ROLE,
                "APP_OBJECT_ID": platform.identities[NAME].principal_id,
            },
            timeout=MIGRATE_SECONDS,
            retries=MIGRATE_RETRIES,
            workspace=platform.log_workspace,
            after=[identity, data.postgres, platform.environment_logs, *others],
        ),
    )


def _database(data: Data) -> Mapping[str, Input[str]]:
    """No password: who signs in to the database does so with a token of an identity."""
    return {
        "PGHOST": data.postgres.host,
        "PGDATABASE": data.postgres.database,
        "PGSSLMODE": "verify-full",
    }


def _app_settings(site: Site, platform: Platform, data: Data) -> Mapping[str, Input[str]]:
    identity = platform.identities[NAME]
    endpoint = platform.endpoints.get(NAME)
    return {
        "PUBLIC_URL": site.url,
        **_database(data),
        "PGUSER": APP_ROLE,
        "AZURE_CLIENT_ID": identity.client_id,
        # Behind the edge the visitor's address is in a header that only the edge may set.
        **({"FRONT_DOOR_ID": endpoint.front_door_id} if endpoint else {}),
    }
