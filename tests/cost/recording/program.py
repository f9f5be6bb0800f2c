"""The recorded program: declares what `declared.json` beside it lists.

Each entry: `type`, `name`, `inputs`, and `options` of pulumi.ResourceOptions; `get`: an id to read;
`depends`: names of earlier entries; `id_of`: properties that are an earlier entry's id; `secret`:
properties that are secret. An entry may instead be a `print`, a `raise` or an `exit`.
"""

import json
import sys
from pathlib import Path

import pulumi


class Declared(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, options):
        super().__init__(kind, name, inputs, options)


declared = {}
for entry in json.loads(Path("declared.json").read_text()):
    if "print" in entry:
        print(entry["print"], file=sys.stderr, flush=True)
    elif "raise" in entry:
        raise RuntimeError(entry["raise"])
    elif "exit" in entry:
        sys.exit(entry["exit"])
    else:
        options = dict(entry.get("options", {}))
        if "get" in entry:
            options["id"] = entry["get"]
        if "depends" in entry:
            options["depends_on"] = [declared[name] for name in entry["depends"]]
        inputs = dict(entry["inputs"])
        for key in entry.get("secret", ()):
            inputs[key] = pulumi.Output.secret(inputs[key])
        for key, name in entry.get("id_of", {}).items():
            inputs[key] = declared[name].id
        declared[entry["name"]] = Declared(
            entry["type"], entry["name"], inputs, pulumi.ResourceOptions(**options)
        )
