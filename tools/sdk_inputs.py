"""Resource types of the installed Pulumi SDK and their input properties, read from its source.

`python -m tools.sdk_inputs` writes `inputs.txt` and `aliases.txt` of `frugal/cost`.
"""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from frugal.cost.influence import INPUTS
from frugal.cost.meters import METERS
from frugal.cost.tokens import ALIASES

_CLASS: Final = re.compile(r"^class (\w+)Args:\n", re.MULTILINE)
_INPUT: Final = re.compile(
    r"^    @pulumi\.getter(?:\(name=\"(\w+)\"\))?\n    def (\w+)\(self\) -> (.*):$", re.MULTILINE
)
_BLOCK: Final = re.compile(r"'(\w+)Args'")
_ALIAS: Final = re.compile(r'Alias\(type_="azure-native:(\w+)(?:/\w+)?:(\w+)"')

Tree = Mapping[str, "Tree"]
"""Properties by their names in Azure's JSON, each with those of its block."""


@cache
def _folder() -> Path:
    """The folder of the SDK, which is not imported: that takes 80 MB."""
    spec = importlib.util.find_spec("pulumi_azure_native")
    if spec is None or spec.origin is None:
        raise SystemExit("pulumi_azure_native is not installed: run `make setup`.")
    return Path(spec.origin).parent


def types() -> list[str]:
    """Every resource type, such as `app:ContainerApp`."""
    source = (_folder() / "__init__.py").read_text(encoding="utf-8")
    modules = json.loads(source.split('resource_modules="""')[1].split('"""')[0])
    return sorted(
        token.removeprefix("azure-native:") for module in modules for token in module["classes"]
    )


def _source(kind: str) -> str:
    module, _, name = kind.partition(":")
    return _files(module)[name.lower()].read_text(encoding="utf-8")


@cache
def _files(module: str) -> Mapping[str, Path]:
    return {file.stem.replace("_", ""): file for file in (_folder() / module).glob("*.py")}


def aliases(kind: str) -> frozenset[str]:
    """The earlier names of a type that the SDK takes over in a state."""
    return frozenset(map(":".join, _ALIAS.findall(_source(kind)))) - {kind}


def inputs(kind: str) -> Tree:
    """The input properties of a type; a block within itself is cut off where it begins again."""
    [own] = _classes(_source(kind)).values()
    return _tree(own, _blocks(kind.partition(":")[0]), ())


@cache
def _blocks(module: str) -> Mapping[str, str]:
    file = _folder() / module / "_inputs.py"
    return _classes(file.read_text(encoding="utf-8") if file.exists() else "")


def _classes(source: str) -> Mapping[str, str]:
    """The source of each class of inputs by its name without `Args`."""
    _before, *parts = _CLASS.split(source.partition("@pulumi.type_token")[0])
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _tree(source: str, blocks: Mapping[str, str], above: tuple[str, ...]) -> Tree:
    found: dict[str, Tree] = {}
    for wire, name, annotation in _INPUT.findall(source):
        nested: dict[str, Tree] = {}
        for block in _BLOCK.findall(annotation):
            if block not in above:
                nested |= _tree(blocks[block], blocks, (*above, block))
        found[wire or name] = nested
    return found


def section(kind: str) -> list[str]:
    """The lines of a type in `inputs.txt`, as `frugal.cost.influence.inputs` reads them."""
    return list(_lines(inputs(kind), ""))


def _lines(tree: Tree, path: str) -> Iterator[str]:
    listed = " ".join(sorted(tree))
    yield f"{path}: {listed}" if path else listed
    for name, nested in sorted(tree.items()):
        if nested:
            yield from _lines(nested, f"{path}.{name}" if path else name)


def renamed() -> Mapping[str, str]:
    """The present type of each that the SDK has moved to another module, by its earlier one."""
    present = types()
    return {
        old: kind
        for kind in reversed(present)
        for old in aliases(kind).difference(present)
        if old.partition(":")[2].lower() == kind.partition(":")[2].lower()
    }


def main() -> None:
    """Write the properties of the priced types, and the earlier names of all types."""
    sections = ("\n".join([kind, *section(kind)]) for kind in sorted(METERS))
    INPUTS.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    lines = (f"{old} {kind}\n" for old, kind in sorted(renamed().items()))
    ALIASES.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
