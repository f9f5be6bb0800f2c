"""`frugal export`: the files of a site on Static Web Apps."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from frugal.errors import FrugalError
from frugal.help import Command
from frugal.local.engine import LOCAL_STACK, install_cli
from frugal.local.environment import prepare_shell
from frugal.paths import Checkout, own_checkout
from frugal.stack_files import configuration

if TYPE_CHECKING:
    from infra.stacks.homepage import Homepage

SITE = "homepage"
"""The only site that can be a folder of files."""

Pulumi = Callable[..., str]
"""Run the CLI with these arguments and return its standard output. Raises FrugalError."""

app = typer.Typer(add_completion=False)


@app.command("export", cls=Command)
def export(
    site: Annotated[str, typer.Argument(metavar="SITE", help=SITE)],
    *,
    environment: Annotated[
        str,
        typer.Option("-s", "--stack", metavar="ENV", help="The environment: its Pulumi.ENV.yaml."),
    ] = LOCAL_STACK,
    folder: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help=f"Default: apps/{SITE}/site in the checkout."),
    ] = None,
) -> None:
    """Write the files of a site whose host is staticSite, after `pulumi up`.

    With the settings and the address that the site has in the environment; for one on Azure your
    own Pulumi login is used. Existing files are overwritten. Exit codes: 1 it failed, 2 wrong
    input.

    For example:

      frugal export homepage -s dev --to public
    """
    if site != SITE:
        raise FrugalError(f"{site!r} cannot be exported; allowed: {SITE}.", code=2)
    place, console = own_checkout(), Console(stderr=True)
    settings = _settings(place, environment)
    pulumi = (
        prepare_shell(place, console).run
        if environment == LOCAL_STACK
        else _own_pulumi(place, install_cli(place, console))
    )
    target = folder or place.root / "apps" / SITE / "site"
    typer.echo(_write(place, pulumi, environment, settings, target.resolve()))


def fill_local_site(place: Checkout, pulumi: Pulumi) -> str:
    """Export the homepage into the folder that the local cloud serves; return a line about it.

    Raises FrugalError.
    """
    settings = _settings(place, LOCAL_STACK)
    return _write(place, pulumi, LOCAL_STACK, settings, place.static_sites / SITE)


def _settings(place: Checkout, environment: str) -> "Homepage":
    """The homepage's settings. Raises FrugalError if its host is another."""
    # The program takes half a second to import.
    from infra.settings import read  # noqa: PLC0415
    from infra.stacks import MODELS  # noqa: PLC0415

    site = read(environment, configuration(place.root, environment), MODELS).sites[SITE]
    if site.is_container:
        setting = f"pulumi config set -s {environment} --path {SITE}"
        raise FrugalError(
            f"The host of the {SITE} in {environment} is {site.host}; allowed: staticSite. To "
            f"change it: {setting}.host staticSite; {setting}.cdn none; pulumi up -s {environment}",
            code=2,
        )
    return cast("Homepage", site)


def _write(
    place: Checkout, pulumi: Pulumi, environment: str, settings: "Homepage", folder: Path
) -> str:
    from infra.stacks.homepage import content_variables  # noqa: PLC0415

    outputs = json.loads(pulumi("stack", "output", "--json", "-s", environment))
    if f"{SITE}Name" not in outputs:
        raise FrugalError(
            f"{environment} has no {SITE} of files yet: pulumi up -s {environment} creates it."
        )
    variables = dict(content_variables(settings))
    if settings.sheet.id:
        key = pulumi("config", "get", "--path", f"{SITE}.sheet.apiKey", "-s", environment)
        variables["SHEETS_API_KEY"] = key.strip()
    own = ("SHEET", "BLOG_", "OIDC_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    command = ["-m", "flask", "--app", SITE, "export", folder, "--base-url", outputs[f"{SITE}Url"]]
    done = subprocess.run(
        [_python(place), *command],
        cwd=place.root / "apps" / SITE,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise FrugalError(f"The {SITE} was not exported: {reason.removeprefix('Error: ')}")
    return done.stdout.strip()


def _own_pulumi(place: Checkout, binary: Path) -> Pulumi:
    """The CLI with the user's own login and state."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [binary, *arguments, "--non-interactive", "--color", "never"],
            cwd=place.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().removeprefix("error: ")
            raise FrugalError(f"pulumi {' '.join(arguments[:2])} failed: {reason}")
        return done.stdout

    return run


def _python(place: Checkout) -> Path:
    """The interpreter of the app's own environment, which has the packages of its image."""
    folder = Path(".frugal", "venvs", f"{SITE}-run")
    # Options of a make that runs this command are not for the one that it runs.
    inherited = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    making = ["make", "--silent", f"{folder}/stamp"]
    if subprocess.run(making, cwd=place.root, env=inherited, check=False).returncode != 0:
        raise FrugalError(f"The packages of the {SITE} are not installed; the reason is above.")
    return place.root / folder / "bin" / "python"
