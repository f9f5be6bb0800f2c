"""The bill of the declared resources: the stack's output `monthlyCost`, and the limit on it.

A resource transform records each resource as it is sent to the engine, so none is missed and none
has to register. Transforms run after the program's last line, so the estimate waits for all
resources and then prices them as `frugal cost` prices a plan.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi import Output, Resource

from frugal.cost import (
    UNKNOWN,
    from_resources,
    load_usage,
    price,
    refuse_above,
    resource,
    summary,
)


class Bill:
    """Recorder of the declared resources; create it before the first one."""

    def __init__(self, *, usage_file: Path | None, limit: Decimal | None) -> None:
        """`usage_file`: figures of use; `limit`: USD a month that must not be exceeded.

        Raises FrugalError for a usage file that cannot be used.
        """
        # Read here, so that an invalid file ends the run before anything is declared.
        self._usage = load_usage(usage_file)
        self._limit = limit
        self._declared: list[Resource] = []
        self._inputs: dict[str, Mapping[str, Any]] = {}
        pulumi.runtime.register_stack_transformation(self._note)
        pulumi.runtime.register_resource_transform(self._see)

    def _note(self, args: pulumi.ResourceTransformationArgs) -> None:
        self._declared.append(args.resource)

    async def _see(self, args: pulumi.ResourceTransformArgs) -> None:
        parent = args.opts.parent
        above = await parent.urn.future() if parent else None
        self._inputs[_urn(above, args.type_, args.name)] = _known(args.props)

    async def total(self) -> Mapping[str, object]:
        """Summary of the month's bill. Raises FrugalError if it exceeds the limit."""
        await asyncio.gather(*(one.urn.future() for one in self._declared))
        if len(self._inputs) != len(self._declared):
            message = (
                f"the program declares {len(self._declared)} resources, but the engine reported "
                f"{len(self._inputs)}"
            )
            raise RuntimeError(message)
        plan = from_resources(resource(urn, inputs) for urn, inputs in self._inputs.items())
        bill = price(plan, self._usage)
        if self._limit is not None:
            refuse_above(self._limit, bill)
        return summary(bill)


def _urn(parent: str | None, kind: str, name: str) -> str:
    """The URN that the engine gives: the types above a resource are part of it."""
    above = parent.split("::")[2] if parent else ""
    types = kind if above in ("", "pulumi:pulumi:Stack") else f"{above}${kind}"
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{types}::{name}"


def _known(value: Any) -> Any:  # noqa: ANN401 - any value of a property
    """Convert inputs to a plan's values; unknown outputs become the plan's placeholder."""
    if isinstance(value, Output):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_known(item) for item in cast("list[Any]", value)]
    return value
