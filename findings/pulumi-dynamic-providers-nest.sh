#!/bin/sh
# pulumi 3.272.0 (dill 0.4.1): each dynamic resource of a program makes the pickling of the next one
# go one call deeper, until a program with some hundreds of them ends in a RecursionError.
#
# A dynamic resource pickles its provider when it is declared (pulumi.dynamic). For that the SDK
# replaces a method of the standard library's pure Python pickler by one that sorts and calls the
# method that it found, and does not put the old one back: the second resource finds the first one's
# method, and so on. The same provider, which is pickled well a hundred times, cannot be pickled any
# more in the same process below the thousandth time. Nothing is said of it at the earlier ones, and
# each takes a little longer.
#
# Seen on 2026-11-29, Python 3.11:
#   100 times: pickled
#   1,000 times: RecursionError
#   layers of the replaced method after 100 times: 100
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        pulumi==3.272.0 dill==0.4.1 || exit 2
cat >"$folder/seen" <<'SEEN'
100 times: pickled
layers of the replaced method after 100 times: 100
1,000 times: RecursionError
SEEN
cat >"$folder/program.py" <<'PY'
import pickle

from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider


class Provider(ResourceProvider):
    def create(self, props):
        return {"id": "one", "outs": {"nested": {"a": 1, "b": 2}}}


def declare(times):
    """Pickle a provider as often as so many resources would; the name of the error, if any."""
    try:
        for _ in range(times):
            serialize_provider(Provider())
    except RecursionError as error:
        return type(error).__name__
    return "pickled"


def layers():
    method, count = pickle._Pickler._batch_setitems, 0
    while method.__closure__:
        method, count = method.__closure__[0].cell_contents, count + 1
    return count


print(f"100 times: {declare(100)}")
print(f"layers of the replaced method after 100 times: {layers()}")
print(f"1,000 times: {declare(900)}")
PY
"$folder/venv/bin/python" "$folder/program.py" >"$folder/now" 2>"$folder/log" ||
    { cat "$folder/log" >&2; exit 1; }
diff "$folder/seen" "$folder/now"
cat "$folder/now"
