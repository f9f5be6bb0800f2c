"""`frugal cost`: the bill of a plan, before anything is deployed."""

import re
import sys
import tempfile
import webbrowser
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from frugal.cost import (
    Plan,
    calendar_month,
    from_preview,
    from_state,
    gc_paused,
    load_usage,
    parse,
    price,
    usage_template,
    verdict,
)
from frugal.cost.report.bill import bill_report
from frugal.cost.report.data import estimate_data
from frugal.cost.report.parts import Report
from frugal.cost.report.show import FORMATS, Format, show
from frugal.errors import FrugalError
from frugal.help import Command
from frugal.local.engine import LOCAL_STACK
from frugal.paths import checkout
from frugal.terminal import say

app = typer.Typer(add_completion=False)


@app.command("cost", cls=Command)
def cost(
    *,
    context: typer.Context,
    environment: Annotated[
        str | None,
        typer.Option(
            "-s",
            "--stack",
            metavar="ENV",
            help="local (default), dev, prod, or another with a Pulumi.ENV.yaml.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a setting for this bill, such as homepage.cdn=none.",
        ),
    ] = None,
    preview_file: Annotated[
        str | None,
        typer.Option(
            "--preview",
            metavar="FILE",
            help="Price the output of `pulumi preview --json --show-sames`, or its events; "
            "- is standard input.",
        ),
    ] = None,
    state_file: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Price the output of `pulumi stack export`; - is standard input.",
        ),
    ] = None,
    usage_file: Annotated[
        Path | None, typer.Option("--usage", metavar="FILE", help="Your own figures of use.")
    ] = None,
    init_usage: Annotated[
        Path | None,
        typer.Option("--init-usage", metavar="FILE", help="Write a usage file for this plan."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="Count that month's hours and days, not 730 hours and 30 days."
        ),
    ] = None,
    shown_as: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help=FORMATS)
    ] = Format.table,
    details: Annotated[
        bool, typer.Option("--details", help="Show every line, note and source (table format).")
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the HTML report in the browser.")
    ] = False,
    fail_above: Annotated[
        str | None,
        typer.Option(metavar="USD", help="Exit with 3 if more is expected a month."),
    ] = None,
    fail_increase: Annotated[
        str | None,
        typer.Option(metavar="USD", help="Exit with 3 if the bill grows by more a month."),
    ] = None,
    allow_unpriced: Annotated[
        bool, typer.Option("--allow-unpriced", help="Accept resources without a price.")
    ] = False,
) -> None:
    """Show the monthly cost of a plan: before, after, the change and its reason.

    Without --preview or --state it runs the preview itself; `dev` and `prod` are planned from
    nothing, without a login.

    Exit codes: 1 the preview failed, 2 wrong input, 3 over --fail-above or --fail-increase, 4
    something is unpriced.

    For example:

      frugal cost -s dev --details
      frugal cost -s prod --set homepage.cdn=none
      pulumi stack export | frugal cost --state -
    """
    context.with_resource(gc_paused())
    above = _amount("--fail-above", fail_above)
    increase = _amount("--fail-increase", fail_increase)
    billed_month = calendar_month(month) if month is not None else None
    # What is wrong here is said before the preview, which takes seconds.
    usage = load_usage(usage_file) if usage_file is not None else None
    if init_usage is not None:
        _refuse_unless_new(init_usage)
    stderr = Console(stderr=True)
    files = (preview_file, state_file)
    if any(file is not None for file in files):
        if environment is not None or changes:
            raise FrugalError(
                "--preview and --state read an existing plan; -s and --set belong to the "
                "preview that `frugal cost` runs itself. Use one or the other.",
                code=2,
            )
        plan, configured, limit = _read(*files), None, None
    else:
        # The engine takes a tenth of a second to import.
        from frugal.commands.preview import LIMIT, preview  # noqa: PLC0415

        priced = LOCAL_STACK if environment is None else environment
        # A text, in which rich looks for no emoji.
        with stderr.status(Text(f"Previewing {priced}")):
            made = preview(checkout(), stderr, priced, changes or [])
        plan, configured, limit = made.plan, made.usage_file, _amount(LIMIT, made.limit)
    if init_usage:
        _write_usage(init_usage, plan, stderr)
        return
    title = f"The bill of {'a plan' if any(files) else environment or LOCAL_STACK}"
    bill = price(plan, usage or load_usage(configured), billed_month)
    report = bill_report(bill, title, limit)
    if open_page:
        _open(report)
    else:
        show(shown_as, report, partial(estimate_data, bill, limit), details=details)
    code, reason = verdict(
        bill, above=above, increase=increase, unpriced_is_accepted=allow_unpriced
    )
    if code:
        say(stderr, reason, "red")
        raise typer.Exit(code)


def _amount(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        raise FrugalError(
            f"{option} {text!r} is not allowed; allowed: an amount in USD, such as 40 or 12.50",
            code=2,
        )
    return Decimal(text)


def _read(preview_file: str | None, state_file: str | None) -> Plan:
    """The plan of the given files; with both, before is the state and after the preview."""
    if preview_file == state_file:
        raise FrugalError(
            "--preview and --state need two different files; one of them may be `-`.",
            code=2,
        )
    state = from_state(parse(_content(state_file), state=True)) if state_file is not None else None
    planned = from_preview(parse(_content(preview_file))) if preview_file is not None else None
    if state and planned:
        notes = dict.fromkeys((*state.notes, *planned.notes))
        return Plan(state.before, planned.after, tuple(notes))
    found = planned or state
    assert found  # noqa: S101 - one of the two is given
    return found


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise FrugalError(f"{name!r} cannot be read: {error.strerror}.", code=2) from None


def _refuse_unless_new(file: Path) -> None:
    """Raise FrugalError if the file exists, or clearly cannot be created."""
    try:
        if file.exists():
            raise FrugalError(f"{file} exists already; name another file, or remove it.", code=2)
        if not file.parent.is_dir():
            message = f"{file} cannot be written: there is no folder {file.parent}."
            raise FrugalError(f"{message} Make it, or name another file.", code=2)
    except OSError as error:
        raise FrugalError(f"{file} cannot be written: {error.strerror}.", code=2) from None


def _write_usage(file: Path, plan: Plan, stderr: Console) -> None:
    try:
        file.write_text(usage_template(plan.after.values()))
    except OSError as error:
        raise FrugalError(f"{file} cannot be written: {error.strerror}.", code=2) from None
    say(
        stderr,
        f"{file} has the figures of a small site. Put yours there, then: frugal cost --usage "
        f"{file}, or for the stack: pulumi config set usageFile {file}",
    )


def _open(report: Report) -> None:
    from frugal.cost.report.html import page  # noqa: PLC0415

    with tempfile.NamedTemporaryFile(
        "w", prefix="frugal-cost-", suffix=".html", delete=False, encoding="utf-8"
    ) as file:
        file.write(page(report))
    shown = webbrowser.open(Path(file.name).as_uri())
    sys.stdout.write(f"{file.name}\n")
    if not shown:
        raise FrugalError("No browser could be started; open the file above in one.")
