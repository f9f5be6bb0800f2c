"""The homepage: on Azure Container Apps, or as files on Azure Static Web Apps."""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from pulumi import Input, Output

from infra.components.static_site import StaticSite, StaticSiteArgs
from infra.naming import tags
from infra.settings import Settings
from infra.site_settings import Homepage
from infra.stacks.platform import Platform
from infra.stacks.site import (
    Site,
    address,
    container_app,
    container_host,
    route,
)

NAME = "homepage"
# Asking it begins the first load of the spreadsheet, which is ready when the first visitor is.
READY_PATH = "/readyz"
SIGN_IN_REDIRECT_PATH = "/auth_response"
PRIVATE_PATHS = ("/login", SIGN_IN_REDIRECT_PATH, "/logout", "/me", "/account")
# What makes another chart.
QUERY_STRINGS = ("xvalues", "yvalues", "values", "labels", "title", "xlabel", "ylabel")


def deploy(settings: Settings, platform: Platform) -> Site:
    """Declare the site where the settings say."""
    if settings.homepage.host == "staticSite":
        return _files(settings, platform)
    chosen = settings.homepage
    host = container_host(NAME, platform)
    site = address(NAME, host, platform)
    app_settings = _app_settings(chosen, site, platform)
    app = container_app(
        NAME,
        chosen,
        settings,
        platform,
        ready_path=READY_PATH,
        app_settings=app_settings,
        app_secrets=_app_secrets(chosen),
    )
    way = route(
        NAME,
        app,
        host,
        platform,
        # Settings change the pages too: the place of the account, another spreadsheet.
        release=Output.json_dumps({"image": platform.images[NAME].reference, **app_settings}),
        private_paths=PRIVATE_PATHS,
        query_strings=QUERY_STRINGS,
    )
    return replace(site, app=app, route=way)


def _files(settings: Settings, platform: Platform) -> Site:
    """A static web app; its files are made and uploaded by the command in `upload`."""
    files = StaticSite(
        NAME,
        StaticSiteArgs(
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
        ),
    )
    url = Output.concat("https://", files.host)
    upload = _upload(files, url, settings, platform)
    return Site(url=url, origin_url=url, upload=upload)


def _upload(
    files: StaticSite, url: Output[str], settings: Settings, platform: Platform
) -> Output[str]:
    """Export, and hand the files over; both secrets are asked for then and are kept nowhere."""
    told = [f"{name}={shlex.quote(value)}" for name, value in _sheet(settings.homepage).items()]
    if settings.homepage.sheet.id:
        key = f"pulumi config get --path homepage.sheet.apiKey -s {settings.environment}"
        told.append(f'SHEETS_API_KEY="$({key})"')
    token = Output.concat(
        "az staticwebapp secrets list --query properties.apiKey -o tsv --name ",
        files.name,
        " --resource-group ",
        platform.group.name,
    )
    return Output.concat(
        " ".join(["cd apps/homepage &&", *told, "flask --app homepage export site --base-url "]),
        url,
        ' && SWA_CLI_DEPLOYMENT_TOKEN="$(',
        token,
        ')" npx @azure/static-web-apps-cli deploy site --env production',
    )


def _sheet(chosen: Homepage) -> Mapping[str, str]:
    """Where the content comes from, as the app's variables; only what is given."""
    given = {
        "SHEET_ID": chosen.sheet.id,
        "SHEET_CSV_TALKS": chosen.sheet.csv.talks,
        "SHEET_CSV_PROJECTS": chosen.sheet.csv.projects,
        "SHEET_CSV_INTERVIEWS": chosen.sheet.csv.interviews,
    }
    return {name: value for name, value in given.items() if value is not None}


def _app_settings(chosen: Homepage, site: Site, platform: Platform) -> Mapping[str, Input[str]]:
    """What the app may be told in clear."""
    told: dict[str, Input[str]] = {
        "PUBLIC_URL": site.url,
        "AZURE_CLIENT_ID": platform.identities[NAME].client_id,
        **_sheet(chosen),
    }
    if chosen.sign_in.client_id:
        told["OIDC_CLIENT_ID"] = chosen.sign_in.client_id
        told["OIDC_AUTHORITY"] = chosen.sign_in.authority
    endpoint = platform.endpoints.get(NAME)
    if chosen.origin_lock and endpoint:
        told["FRONT_DOOR_ID"] = endpoint.front_door_id
    return told


def _app_secrets(chosen: Homepage) -> Mapping[str, Input[str]]:
    variables = {
        "SESSION_KEY": chosen.session_key,
        "OIDC_CLIENT_SECRET": chosen.sign_in.client_secret,
        "SHEETS_API_KEY": chosen.sheet.api_key,
    }
    return {key: value.get_secret_value() for key, value in variables.items() if value is not None}
