"""The homepage: on Container Apps or App Service, or as files on Static Web Apps."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pulumi import Input, Output
from pydantic import Field, SecretStr, model_validator

from infra.components.static_site import StaticSite, StaticSiteArgs
from infra.models import Https, HttpsFile, Model, SiteSettings, Switch, Text, secrets_of
from infra.stacks import address
from infra.stacks.site import Deployed, Deployment, Site

# The probe triggers the first load of the spreadsheet, before the first visitor's request.
READY_PATH = "/readyz"
SIGN_IN_REDIRECT_PATH = "/auth_response"
PRIVATE_PATHS = ("/login", SIGN_IN_REDIRECT_PATH, "/logout", "/me", "/account")
QUERY_STRINGS = (
    *("xvalues", "yvalues", "values", "labels"),
    *("title", "xlabel", "ylabel", "width", "scale", "theme"),
)
"""Query parameters of a chart; they are part of the edge's cache key."""

_NEW_KEY = 'pulumi config set --secret --path homepage.sessionKey "$(openssl rand -hex 32)"'
_SECRET_VARIABLES = {
    "sessionKey": "SESSION_KEY",
    "signIn.clientSecret": "OIDC_CLIENT_SECRET",
    "sheet.apiKey": "SHEETS_API_KEY",
}


class SignIn(Model):
    """The application that is registered for sign-in; without `clientId` there is no sign-in.

    Without `clientSecret` the app's managed identity is its credential (a federated one).
    """

    client_id: Text | None = None
    authority: Https = "https://login.microsoftonline.com/common"
    client_secret: SecretStr | None = None


class Csv(Model):
    """URLs of the worksheets, published as CSV."""

    talks: Https | None = None
    projects: Https | None = None
    interviews: Https | None = None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = [self.talks, self.projects, self.interviews]
        if any(given) and not all(given):
            raise ValueError("talks, projects and interviews go together: give all three")
        return self


class Sheet(Model):
    """Source of the homepage's content: a spreadsheet by its id, or published CSV."""

    id: Text | None = None
    api_key: SecretStr | None = None
    csv: Csv = Csv()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.id is None) != (self.api_key is None):
            message = (
                "id and apiKey go together, and one of them is missing: "
                "pulumi config set --path homepage.sheet.id ID; "
                "pulumi config set --secret --path homepage.sheet.apiKey KEY"
            )
            raise ValueError(message)
        if self.id and self.csv.talks:
            raise ValueError("id and csv are alternatives: give one of them")
        return self


class Homepage(SiteSettings):
    """Settings of the homepage.

    `blogFeed`: RSS or Atom feed, whose newest posts are on the first page; `originLock`: answer
    only requests of the site's own edge.
    """

    host: Literal["containerApp", "appService", "staticSite"] = "containerApp"
    sign_in: SignIn = SignIn()
    # 16 random bytes in hexadecimal.
    session_key: Annotated[
        SecretStr | None,
        Field(min_length=32, description=f"at least 32 characters: {_NEW_KEY}"),
    ] = None
    sheet: Sheet = Sheet()
    blog_feed: HttpsFile | None = None
    origin_lock: Switch = False

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        if self.sign_in.client_id and not self.session_key:
            message = f"signIn.clientId needs a sessionKey: {_NEW_KEY}"
            raise ValueError(message)
        if self.host == "staticSite" and self.cdn != "none":
            message = (
                f"cdn {self.cdn!r} is not for host 'staticSite', which has a CDN of its own; "
                "allowed: none (pulumi config set --path homepage.cdn none)"
            )
            raise ValueError(message)
        if self.host == "staticSite" and self.sign_in.client_id:
            raise ValueError(
                "signIn needs a server, and host 'staticSite' has none; "
                "allowed: host containerApp or appService, or no signIn.clientId"
            )
        if self.origin_lock and self.cdn == "none":
            reason = (
                ", and would keep the authority of the domain's certificate out"
                if self.domain
                else ""
            )
            raise ValueError(
                f"originLock is for a site behind an edge of its own{reason}; "
                "allowed: originLock false, or cdn frontDoor"
            )
        return self


def deploy(site: Deployment[Homepage]) -> Deployed:
    """Declare the site on its host."""
    if site.settings.host == "staticSite":
        return _files(site)
    settings = _app_settings(site)
    given = dict(secrets_of(site.settings))
    secrets = {name: given[path] for path, name in _SECRET_VARIABLES.items() if path in given}
    app = site.run(
        ready_path=READY_PATH, settings=settings, secrets=secrets, after=site.previous_app
    )
    image = site.platform.images[site.name].reference
    return site.publish(
        app,
        # Settings change the pages too: the account link, the spreadsheet.
        release=Output.json_dumps({"image": image, **settings}),
        private_paths=PRIVATE_PATHS,
        query_strings=QUERY_STRINGS,
        outputs={"signInRedirectUri": Output.concat(site.url, SIGN_IN_REDIRECT_PATH)},
    )


def _app_settings(site: Deployment[Homepage]) -> Mapping[str, Input[str]]:
    """Environment variables of the app that are not secret."""
    sign_in = site.settings.sign_in
    settings: dict[str, Input[str]] = {
        "PUBLIC_URL": site.url,
        "AZURE_CLIENT_ID": site.platform.identities[site.name].client_id,
        **content_variables(site.settings),
    }
    if sign_in.client_id:
        settings["OIDC_CLIENT_ID"] = sign_in.client_id
        settings["OIDC_AUTHORITY"] = sign_in.authority
    if site.settings.origin_lock:
        settings["FRONT_DOOR_ID"] = site.platform.endpoints[site.name].front_door_id
    return settings


def content_variables(homepage: Homepage) -> Mapping[str, str]:
    """Environment variables of the content's sources; only those that are set, and no secret."""
    sheet = homepage.sheet
    given = {
        "BLOG_FEED": homepage.blog_feed,
        "SHEET_ID": sheet.id,
        "SHEET_CSV_TALKS": sheet.csv.talks,
        "SHEET_CSV_PROJECTS": sheet.csv.projects,
        "SHEET_CSV_INTERVIEWS": sheet.csv.interviews,
    }
    return {name: value for name, value in given.items() if value is not None}


def _files(site: Deployment[Homepage]) -> Deployed:
    """Declare a static web app; its files are uploaded afterwards, to the output `homepageName`."""
    files = StaticSite(site.name, StaticSiteArgs(placement=site.platform.placement))
    origin_url = Output.concat("https://", files.host)
    url, states = address.declare_for_files(site.address_args, files)
    return Deployed(
        url=url,
        origin_url=origin_url,
        outputs={"homepageName": files.name, **states},
        app=site.previous and site.previous.app,
        route=site.previous and site.previous.route,
    )


SITE = Site(name="homepage", settings=Homepage, deploy=deploy)
