"""The environment `local`: up, down, and the repair after a killed run."""

import shutil
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from frugal.cloud.ports import listens
from frugal.cloud.spawn import accounts
from frugal.errors import FrugalError, RowsAtStakeError
from frugal.local import daemon as daemons
from frugal.local import recovery
from frugal.local.daemon import Daemon
from frugal.local.engine import LOCAL_STACK, Engine, Interrupted, Run, local_engine
from frugal.local.health import wait_until_answering, wait_until_healthy
from frugal.local.lock import checkout_lock, checkout_lock_if_free
from frugal.local.state import compare, mend, read_state, rebuild_options
from frugal.paths import Checkout
from frugal.stack_files import read_file
from frugal.terminal import say

# Bytes for the apps' packages, PostgreSQL and the logs of a new environment.
_SPACE = 500 * 1024**2
# No prompt, and no outputs: these are shown at the end, beside the local addresses.
_QUIETLY = ("--yes", "--suppress-outputs", "--stack", LOCAL_STACK)


def prepare(checkout: Checkout, console: Console, *, restore: bool = True) -> tuple[Daemon, Engine]:
    """Provide the CLI, the daemon and the stack `local`.

    With `restore`, for which the caller holds the checkout's lock, a lost store or state is
    restored from its copy. Raises RowsAtStakeError if rows are lost or cannot be read.
    """
    free = shutil.disk_usage(checkout.root).free
    if free < _SPACE and not checkout.local.exists():
        raise FrugalError(
            f"No space: {free // 1024**2} MB are free where {checkout.root} is, and the local "
            f"environment needs about {_SPACE // 1024**2} MB. Make room and run the command again."
        )
    settings = checkout.root / f"Pulumi.{LOCAL_STACK}.yaml"
    if not settings.exists():
        raise FrugalError(f"{settings.name} is missing. Restore it: git checkout {settings.name}")
    for file in (checkout.root / "Pulumi.yaml", settings):
        read_file(file)
    # The CLI first, which may have to be built: if that fails, no daemon is left running.
    local_engine(checkout, console, {})
    daemon = daemons.start(
        checkout, partial(recovery.restore_store, checkout, console) if restore else None
    )
    engine = local_engine(checkout, console, daemon.variables())
    if restore:
        recovery.restore_state(checkout, engine, daemon.status()["resources"], console)
    if recovery.read_recorded(checkout) is None:
        engine.run("stack", "select", LOCAL_STACK, "--create")
    return daemon, engine


def prepare_shell(checkout: Checkout, console: Console) -> Engine:
    """Prepare the engine for a user's shell; warn about differences that `frugal up` repairs."""
    with checkout_lock_if_free(checkout) as free:
        daemon, engine = prepare(checkout, console, restore=free)
    missing, strays = compare(checkout, daemon, read_state(checkout))
    recovery.refuse_lost_databases(missing)
    if missing or strays:
        say(
            console,
            f"The engine's state and the local cloud differ: {len(missing)} resources are gone, "
            f"{len(strays)} are not in the state. Unless another run is active, `make up` repairs "
            "it.",
        )
    return engine


def up(
    checkout: Checkout, console: Console, *, accept_data_loss: bool = False
) -> tuple[Daemon, Engine, Run]:
    """Deploy all declared resources and wait until the sites answer.

    Repairs first what a killed run left, and rebuilds what was lost. Raises FrugalError: another
    run is active, the engine failed, an app is not healthy or does not
    answer; RowsAtStakeError: rows are lost or cannot be read. With `accept_data_loss` it starts
    over then.
    """
    again = (
        "Run `make up` again and it goes on where it stopped. `make down` takes all down, the "
        "database's rows too."
    )
    with _interruptible(again), checkout_lock(checkout, console, "frugal up") as lock:
        try:
            daemon, engine = _prepare_up(checkout, console)
        except RowsAtStakeError as error:
            if not accept_data_loss:
                raise
            say(console, f"{error.what}\nStarting over without those rows.")
            daemons.stop_all(checkout)
            with _removing(checkout.local):
                accounts.remove(checkout.cloud)
                shutil.rmtree(checkout.local)
            daemon, engine = _prepare_up(checkout, console)
        rebuilt = rebuild_options(checkout, daemon, console)
        run = engine.follow(
            "up",
            *(*_QUIETLY, *without_preview(checkout), *rebuilt),
            console=console,
            output=checkout.engine_output,
            keep_open=(lock,),
        )
        if run.code != 0:
            raise FrugalError(f"{_why(run, daemon)} {again}")
        wait_until_healthy(checkout, daemon, console)
        wait_until_answering(daemon)
        recovery.keep_copies(checkout, daemon)
        for place in accounts.sweep():
            say(
                console,
                f"{place} holds the database of a checkout that was moved or deleted "
                f"({place}/environment says where it was). `make up` in its new place takes the "
                "database over; if the checkout is gone for good, remove that folder by hand.",
            )
        return daemon, engine, run


def without_preview(checkout: Checkout) -> list[str]:
    """Option of `pulumi up` that leaves out its preview, which takes as long as the run itself.

    Nobody is asked about it here. With a limit on the bill it stays: the limit then stops the run
    before anything is created.
    """
    names = ("Pulumi.yaml", f"Pulumi.{LOCAL_STACK}.yaml")
    limited = any("maxMonthlyCost:" in (checkout.root / name).read_text() for name in names)
    return [] if limited else ["--skip-preview"]


def _prepare_up(checkout: Checkout, console: Console) -> tuple[Daemon, Engine]:
    daemon, engine = prepare(checkout, console)
    if daemon.status()["health"].get("postgres") == "failed":
        # A new start repairs its data or reports the damage.
        daemons.stop_all(checkout)
        daemon, engine = prepare(checkout, console)
    mend(checkout, daemon, engine, console)
    return daemon, engine


def _why(run: Run, daemon: Daemon) -> str:
    """Reason of a failed run."""
    if run.code < 0:
        return f"The engine was killed (signal {-run.code}); what it has recorded is safe."
    if not daemons.is_running(daemon.pid):
        return daemons.ended(daemon)
    return f"The environment is not up: {run.failure}"


def down(
    checkout: Checkout, console: Console, *, yes: bool, confirm: Callable[[str], bool]
) -> list[str]:
    """Destroy by the engine, stop the daemon, remove the folder; return what was removed.

    The list is empty if there was nothing. Without `yes`, `confirm` is called before rows beyond
    the migration's are deleted. Raises FrugalError if it declines, if the engine's destroy failed
    (all is removed nonetheless) or if something cannot be removed.
    """
    if not checkout.local.exists():
        return [str(place) for place in accounts.remove(checkout.cloud)]
    again = "Run `make down` again and it goes on where it stopped."
    with _interruptible(again), checkout_lock(checkout, console, "frugal down") as lock:
        prepared, failure = None, ""
        try:
            prepared = prepare(checkout, console)
            rows = [f"{table}: {count} rows" for table, count in prepared[0].rows().items()]
        except FrugalError as error:
            failure = _unusable(error)
            folders = recovery.databases(checkout)
            rows = [f"{folder}: a database that can't be asked for its rows" for folder in folders]
        if rows:
            say(console, "This deletes, for good:")
            for line in rows:
                say(console, f"  {line}")
            if not yes and not confirm("Delete these rows?"):
                raise FrugalError(
                    "Nothing was deleted. To delete the rows above and all the rest: "
                    "frugal down --yes (make down YES=1)."
                )
        count = 0
        ports: set[int] = set()
        family = [p for pid in daemons.find_unannounced(checkout) for p in daemons.family(pid)]
        if prepared is not None and not failure:
            daemon, engine = prepared
            try:
                mend(checkout, daemon, engine, console, with_rows=True)
                ports = {daemon.http, *daemon.status().get("ports", [])}
                family = daemons.family(daemon.pid)
                count = len(read_state(checkout).ids)
                run = engine.follow(
                    "destroy",
                    *_QUIETLY,
                    console=console,
                    output=checkout.engine_output,
                    keep_open=(lock,),
                )
                lost = f"The engine could not destroy everything: {run.failure}"
                failure = lost if run.code else ""
            except FrugalError as error:
                failure = _unusable(error)
        daemons.stop(family)
        size = sum(f.lstat().st_size for f in checkout.local.rglob("*") if f.is_file())
        # First the folders outside, which are located by files in here.
        with _removing(checkout.local):
            outside = accounts.remove(checkout.cloud)
            shutil.rmtree(checkout.local)
        open_ports = sorted(port for port in ports if listens(port))
    if open_ports:
        raise FrugalError(f"Something still listens on 127.0.0.1, port {open_ports}.")
    if failure:
        raise FrugalError(
            f"{failure} The environment's processes and its folder {checkout.local} are gone "
            "all the same, so nothing is left."
        )
    return [
        *rows,
        f"{count} resources, destroyed by the engine",
        f"{len(family)} processes, ended",
        f"{len(ports)} ports, free",
        f"{checkout.local} ({size // 1024**2} MB)",
        *map(str, outside),
    ]


def _unusable(error: FrugalError) -> str:
    what = error.what if isinstance(error, RowsAtStakeError) else error
    return f"The engine could not be used: {what}"


@contextmanager
def _removing(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise FrugalError(
            f"{error.filename} could not be removed ({error.strerror}). Remove {folder} by hand."
        ) from error


@contextmanager
def _interruptible(again: str) -> Generator[None]:
    # SIGTERM while no engine runs; `Engine.follow` has a handler of its own.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        raise FrugalError(f"Stopped; nothing is lost. {again}", code=130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
