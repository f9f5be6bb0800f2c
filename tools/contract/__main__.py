"""`python -m tools.contract WHEELS [--sdk FOLDER] [--pins]`: writes frugal/cloud/contract/data."""

import argparse
import hashlib
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tools.contract.derive import Derivation
from tools.contract.overrides import EXTRA, SDK_VALUES_WRONG
from tools.contract.sources import FILES

_DATA = Path(__file__).parents[2] / "frugal" / "cloud" / "contract" / "data"


def main(arguments: Sequence[str] | None = None) -> int:
    """Derives every file; the differences between the sources go to standard error."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("wheels", type=Path, nargs="?", help="the folder of the wheels")
    parser.add_argument("--sdk", type=Path, help="pulumi_azure_native's folder, else the installed")
    parser.add_argument("--out", type=Path, default=_DATA, help="the folder to write to")
    parser.add_argument("--pins", action="store_true", help="only print the wheels that are needed")
    given = parser.parse_args(arguments)
    sources = {source.wheel: source for file in FILES for source in file.sources}
    if given.pins:
        print("\n".join(sorted(source.pin for source in sources.values())))
        return 0
    if given.wheels is None:
        parser.error("the folder of the wheels is missing")
    absent = sorted(one.pin for name, one in sources.items() if not (given.wheels / name).exists())
    if absent:
        parser.error(
            f"{given.wheels} lacks the wheels of {', '.join(absent)}; tools/contract/README.md has "
            "the command that downloads them"
        )
    for name, source in sorted(sources.items()):
        found = hashlib.sha256((given.wheels / name).read_bytes()).hexdigest()
        if found != source.sha256:
            parser.error(
                f"{name} is not the wheel of sources.py: sha256 {found}, there {source.sha256}"
            )
    given.out.mkdir(parents=True, exist_ok=True)
    places: set[str] = set()
    for file in FILES:
        try:
            derivation = Derivation(file, given.sdk or _installed_sdk(), given.wheels)
            text = render(derivation.document())
        except (LookupError, ValueError) as error:
            parser.error(f"sources.py, {file.module}: {error}")
        (given.out / f"{file.module}.json").write_text(text, encoding="utf-8")
        places |= derivation.places
        for note in derivation.notes:
            print(note, file=sys.stderr)
    stale = sorted({*EXTRA, *SDK_VALUES_WRONG} - places)
    if stale:
        parser.error(f"overrides.py refers to unknown properties:  {', '.join(stale)}")
    return 0


def render(document: Mapping[str, Any]) -> str:
    """JSON with a line for each property: small, and a change reads well in a diff."""
    # Document, definitions, one definition, its properties; deeper levels are on one line.
    return _render(document, 0, 4) + "\n"


def _render(value: object, indent: int, depth: int) -> str:
    if not isinstance(value, Mapping) or not value or depth == 0:
        return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    entries = cast("Mapping[str, object]", value)
    pad = " " * (indent + 1)
    lines = [
        f"{pad}{json.dumps(key)}: {_render(item, indent + 1, depth - 1)}"
        for key, item in entries.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


def _installed_sdk() -> Path:
    spec = importlib.util.find_spec("pulumi_azure_native")
    if spec is None or spec.origin is None:
        raise SystemExit("pulumi_azure_native is not installed; give its folder with --sdk")
    return Path(spec.origin).parent


if __name__ == "__main__":
    raise SystemExit(main())
