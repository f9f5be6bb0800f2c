"""The translator on App Service or on Container Apps, with its database job and translation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pulumi import Input

from infra.components.job import Job, JobArgs
from infra.components.translation import Translation, TranslationArgs
from infra.models import Model, SiteSettings
from infra.stacks.data import Data
from infra.stacks.platform import MIGRATION
from infra.stacks.site import CPU, Deployed, Deployment, Site

READY_PATH = "/readyz"
PRIVATE_PATHS = ("/api/*", "/forms/*", "/yours")
QUERY_STRINGS = ("starts_with", "after")

APP_ROLE = "translator_app"
"""The app's role in the database: reads and writes its tables, and nothing else."""

MIGRATE = ("python", "-m", "translator.migrate")
MIGRATE_SECONDS = 300
MIGRATE_RETRIES = 1


class TranslationService(Model):
    """The translation service. F0 is free, 2 million characters a month, one to a subscription."""

    provider: Literal["azure", "offline"] = "offline"
    sku: Literal["F0", "S1"] = "F0"


class Translator(SiteSettings):
    """Settings of the translator."""

    host: Literal["appService", "containerApp"] = "appService"
    translation: TranslationService = TranslationService()


def deploy(site: Deployment[Translator]) -> Deployed:
    """Declare the migration job, the app on its host and its routes from the edge."""
    translation = _translation(site)
    settings = {
        **_app_settings(site),
        "TRANSLATOR_PROVIDER": site.settings.translation.provider,
        **({"TRANSLATOR_ENDPOINT": translation.endpoint} if translation else {}),
    }
    migration = _migration(site)
    after = [migration, *([translation] if translation else [])]
    app = site.run(ready_path=READY_PATH, settings=settings, after=after)
    deployed = site.publish(
        app,
        release=site.platform.images[site.name].reference,
        private_paths=PRIVATE_PATHS,
        query_strings=QUERY_STRINGS,
    )
    return deployed if site.settings.host == "containerApp" else replace(deployed, app=migration)


def _translation(site: Deployment[Translator]) -> Translation | None:
    """Declare the Translator account, if the provider is Azure."""
    if site.settings.translation.provider == "offline":
        return None
    platform, waits = site.platform, site.environment.waits
    return Translation(
        "translation",
        TranslationArgs(
            placement=platform.placement,
            group_id=platform.group.id,
            sku=site.settings.translation.sku,
            subdomain=site.unique_name,
            principal_id=platform.identities[site.name].principal_id,
            purge_listing=waits.purge,
            role_age=waits.role_age,
            deadline=waits.deadline,
            after=list(platform.identities.values()),
        ),
    )


def _migration(site: Deployment[Translator]) -> Job:
    """Declare the job that creates the app's database role and tables, before the app.

    After the previous site's app: an environment refuses concurrent writes
    (ContainerAppOperationInProgress; microsoft/aspire issue 18682, 2026-07).
    """
    platform, data = site.platform, site.data
    identity, image = platform.identities[MIGRATION], platform.images[site.name]
    return Job(
        "migration",
        JobArgs(
            placement=platform.placement,
            environment_id=platform.environment.id,
            image=image.reference,
            identity_id=identity.id,
            registry_server=image.registry_server,
            cpu=CPU,
            command=MIGRATE,
            settings={
                **_database(data),
                "PGUSER": identity.name,
                "AZURE_CLIENT_ID": identity.client_id,
                "APP_ROLE": APP_ROLE,
                "APP_OBJECT_ID": platform.identities[site.name].principal_id,
            },
            timeout=MIGRATE_SECONDS,
            retries=MIGRATE_RETRIES,
            workspace=platform.log_workspace,
            after=[identity, data.postgres, platform.environment_logs, *site.previous_app],
        ),
    )


def _database(data: Data) -> Mapping[str, Input[str]]:
    """Variables of the connection; the identity's token takes the place of a password."""
    return {
        "PGHOST": data.postgres.host,
        "PGDATABASE": data.postgres.database,
        "PGSSLMODE": "verify-full",
    }


def _app_settings(site: Deployment[Translator]) -> Mapping[str, Input[str]]:
    endpoint = site.platform.endpoints.get(site.name)
    return {
        "PUBLIC_URL": site.url,
        **_database(site.data),
        "PGUSER": APP_ROLE,
        "AZURE_CLIENT_ID": site.platform.identities[site.name].client_id,
        # Behind the edge the visitor's address is in a header that only the edge sets.
        **({"FRONT_DOOR_ID": endpoint.front_door_id} if endpoint else {}),
    }


SITE = Site(name="translator", settings=Translator, deploy=deploy)
