"""The homepage on Azure Container Apps."""

from infra.settings import Settings
from infra.stacks.platform import Platform
from infra.stacks.site import HEALTH_PATH, Site, address, container_app, container_host, route

NAME = "homepage"
SIGN_IN_REDIRECT_PATH = "/auth_response"
PRIVATE_PATHS = ("/login", SIGN_IN_REDIRECT_PATH, "/logout", "/me", "/account")


def deploy(settings: Settings, platform: Platform) -> Site:
    """Declare the app and its way through the edge."""
    host = container_host(NAME, platform)
    site = address(NAME, host, platform)
    app = container_app(
        NAME,
        settings.homepage,
        settings,
        platform,
        ready_path=HEALTH_PATH,
        app_settings={"PUBLIC_URL": site.url},
    )
    route(NAME, app, host, platform, private_paths=PRIVATE_PATHS)
    return site
