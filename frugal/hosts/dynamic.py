"""The host of dynamic providers: what `pulumi` starts as `pulumi-resource-pulumi-python`.

The SDK's own `pulumi.dynamic`, made to end with the engine, also where the engine was killed.
"""

import os
import runpy
import sys
import threading


def main() -> None:
    """Serve the SDK's dynamic providers until standard input ends."""
    threading.Thread(target=_follow, daemon=True).start()
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)


def _follow() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
