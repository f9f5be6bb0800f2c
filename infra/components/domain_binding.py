"""Bind a site's domain to its app: certificate, binding, and a bounded wait for both.

Azure takes a certificate only for a name that the app has already, and the app binds a name only to
a certificate that exists; no order of declared resources satisfies both (pulumi-azure-native issues
578, 2614, 3090). Nor can a declared resource be absent until DNS is right. So a dynamic resource
makes these parts after the app, and removes them before it (docs/adr/0017).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource

from frugal.notes import note
from infra import polling
from infra.arm import Arm, ArmError
from infra.components.domain_binder import binder
from infra.components.domain_check import show_records
from infra.components.dynamic_provider import Provider
from infra.domains import Record

_LONGEST_PAUSE = 10.0  # seconds between two polls
_EARLY = {400, 404, 409}
BOUND, PENDING = "bound", "pending"

Kind = Literal["containerApp", "appService", "staticSite"]


class DomainBinding(DynamicResource, module="frugal", name="DomainBinding"):
    """Binding of a site's host names. Output `state`: bound, or pending until a later run.

    `site`: name in messages; `target`: id of the app; `holder`: id of what has its certificates
    (environment or resource group; the static site has its own); `plan`: id of the web app's
    plan; `records`: what DNS must have, shown if a person has to make them; `verified`: False for
    records that are not right; `wait`: seconds. Deleting it unbinds the names.
    """

    state: Output[str]

    def __init__(
        self,
        name: str,
        *,
        site: str,
        kind: Kind,
        hosts: Sequence[str],
        target: Input[str],
        holder: Input[str],
        location: str,
        verified: Input[bool],
        wait: float,
        apexes: Sequence[str] = (),
        plan: Input[str] | None = None,
        records: Sequence[Record] = (),
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "site": site,
            "kind": kind,
            "hosts": list(hosts),
            "apexes": list(apexes),
            "target": target,
            "holder": holder,
            "location": location,
            "plan": plan,
            "records": [one.properties for one in records],
            "verified": verified,
            "wait": wait,
            "state": None,
        }
        super().__init__(DomainBindingProvider(), name, props, opts)


class DomainBindingProvider(Provider):
    """Bind at creation, when names change, and at each `up` until the names are bound."""

    triggers = ("hosts", "plan")
    replace_on = ("kind", "target", "holder")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Bind. Raises ArmError."""
        return CreateResult(f"{props['target']}/domains", _bound(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bind the new names, and remove the old ones. Raises ArmError, WaitError."""
        outputs = _bound(_news)
        gone = [host for host in _olds["hosts"] if host not in _news["hosts"]]
        with Arm() as arm:
            binder(arm, _olds).unbind(gone)
        return UpdateResult(outputs)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Unbind all names. Raises ArmError, WaitError."""
        with Arm() as arm:
            binder(arm, _props).unbind(_props["hosts"])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look whether the names are bound still; report the binding as deleted if the app is."""
        with Arm() as arm:
            how = binder(arm, props)
            if not how.exists():
                return ReadResult("", {})
            state = PENDING if how.missing(props["hosts"]) else BOUND
        return ReadResult(id_, {**props, "state": state})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Find new names, and names that are verified and not bound."""
        found = super().diff(_id, _olds, _news)
        ready = bool(_news.get("verified")) and _olds.get("state") != BOUND
        found.changes = found.changes or ready or _olds.get("verified") != _news.get("verified")
        return found


def _bound(props: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's properties after an attempt to bind."""
    with Arm() as arm:
        state = bind(arm, props)
    return {**props, "state": state}


def bind(arm: Arm, props: Mapping[str, Any]) -> str:
    """Bind a site's names and wait until they are; return the state. Raises ArmError."""
    site, wait = str(props["site"]), float(props["wait"])
    how = binder(arm, props)
    if not props["verified"]:
        # Shown by the check, but for what only the app itself knows, since its creation.
        if proofs := how.proofs(props["hosts"]):
            note(f"{site}: make these DNS records, and run the same command again:")
            show_records([*props["records"], *proofs])
        return PENDING

    def look() -> str | None:
        try:
            for host in props["hosts"]:
                how.bind(host)
        except ArmError as error:
            # Azure's own resolvers may be behind ours, and its app behind its answer.
            if error.status not in _EARLY:
                raise
            return str(error)
        return how.missing(props["hosts"])

    missing = polling.poll(look, deadline=wait, longest=_LONGEST_PAUSE, growth=1.5)
    if missing:
        note(
            f"{site}: not bound after {wait:.0f} seconds: {missing}. Azure goes on by itself; run "
            "the same command again in some minutes, which waits again"
        )
        return PENDING
    return BOUND
