"""`frugal compare`: the bill with one site on each host, with and without the edge."""

import datetime as dt
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from rich.console import Console

from frugal.commands.preview import preview_option
from frugal.cost import UNPRICED, Plan, load_usage, usual
from frugal.cost.compare.options import Costs, HostingOption
from frugal.cost.compare.result import compare_options
from frugal.cost.prices.table import Table
from frugal.cost.report.comparison import comparison_data, comparison_report
from frugal.cost.report.show import FORMATS, Format, show
from frugal.errors import FrugalError
from frugal.help import Command
from frugal.local.engine import LOCAL_STACK
from frugal.paths import Checkout, checkout
from frugal.stack_files import configuration
from frugal.terminal import progress, say

if TYPE_CHECKING:
    from infra.settings import Settings

app = typer.Typer(add_completion=False)


@app.command("compare", cls=Command)
def compare(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site: homepage, translator, …")],
    *,
    environment: Annotated[
        str,
        typer.Option(
            "-s",
            "--stack",
            metavar="ENV",
            help="local, dev, prod, or another with a Pulumi.ENV.yaml.",
        ),
    ] = LOCAL_STACK,
    usage_file: Annotated[
        Path | None, typer.Option("--usage", metavar="FILE", help="Your own figures of use.")
    ] = None,
    shown_as: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help=FORMATS)
    ] = Format.table,
) -> None:
    """Show the bill with a site on each host, with and without the edge, as the site grows.

    At its usage, at 10 and at 100 times that. The usage is that of its own app in the usage file
    (homepage-app, translator-app: requests, egress_gb, active_seconds; translator-web: egress_gb),
    else a small site's. The first time in an environment takes a preview for each option.

    Exit codes: 1 a preview failed, 2 wrong input, 4 something is unpriced.

    For example:

      frugal compare homepage -s prod
    """
    place, stderr = checkout(), Console(stderr=True)
    settings, options, refused = _options(place, environment, site)
    usage = load_usage(usage_file or settings.usage_file)
    plans: dict[HostingOption, Plan] = {}
    with progress(stderr, every=0) as show_step:
        for number, (option, values) in enumerate(options.items(), start=1):
            show_step(f"Previewing {environment}, {number} of {len(options)}: {option.name}")
            changes = [f"{site}.{name}={value}" for name, value in values.items()]
            plans[option] = preview_option(place, stderr, environment, changes)
    costs = Costs(
        site=site,
        sites=list(settings.sites),
        environment=environment,
        location=settings.location,
        plans=plans,
        usage=usage,
        table=Table(),
        month=usual(dt.datetime.now(tz=dt.UTC).date()),
    )
    comparison = compare_options(costs, refused)
    show(shown_as, comparison_report(comparison), partial(comparison_data, comparison))
    missing = [row.option.name for row in comparison.rows if row.unpriced]
    if missing:
        say(stderr, f"Unpriced in {comparison.region}: {', '.join(missing)}.", "red")
        raise typer.Exit(UNPRICED)


def _options(
    place: Checkout, environment: str, site: str
) -> "tuple[Settings, dict[HostingOption, dict[str, str]], dict[HostingOption, str]]":
    """The environment's settings; a site's options, with the fields that choose each; exclusions.

    The options are the values that the site's settings allow, the exclusions those combinations
    that the environment's other settings leave no place for, with the reason. Raises FrugalError.
    """
    # The program takes half a second to import.
    from infra.settings import SettingsError, read  # noqa: PLC0415
    from infra.stacks import MODELS  # noqa: PLC0415

    if site not in MODELS:
        message = f"There is no site {site!r} to compare; there are: {', '.join(MODELS)}."
        raise FrugalError(message, code=2)
    config = configuration(place.root, environment)
    try:
        settings = read(environment, config, MODELS)
    except SettingsError as error:
        raise FrugalError(f"Pulumi.{environment}.yaml: {error}", code=2) from None
    key = f"frugal:{site}"
    fields = cast("dict[str, object]", json.loads(config.get(key, "{}")))
    options: dict[HostingOption, dict[str, str]] = {}
    refused: dict[HostingOption, str] = {}
    for cdn in _values(MODELS[site], "cdn"):
        for host in _values(MODELS[site], "host"):
            option = HostingOption(host, "none" if cdn == "none" else "cache_misses")
            values = {"host": host, "cdn": cdn}
            changed = {**config, key: json.dumps(fields | values)}
            try:
                read(environment, changed, MODELS)
            except SettingsError as error:
                refused[option] = str(error)
            else:
                options[option] = values
    return settings, options, refused


def _values(model: type[Any], field: str) -> tuple[str, ...]:
    """Values that a field of the settings allows."""
    return get_args(model.model_fields[field].annotation)
