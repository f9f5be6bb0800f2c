"""Send the translator of a running environment what schemathesis makes up from its OpenAPI.

    .venv/bin/python -m tests.faults.requests CHECKOUT [--examples N]

Through the site's own address, edge and ingress included. Every answer must be one that the
document promises. schemathesis is the one of the translator's own tests (`.frugal/venvs`).
"""

import argparse
import subprocess
import sys
from pathlib import Path

from frugal.local import daemon as daemons
from frugal.paths import Checkout

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / ".frugal" / "venvs" / "translator" / "bin" / "schemathesis"
STREAM = "/api/rounds/{round_id}/events"  # never ends by itself; `load.py` opens them
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def main() -> int:
    """Send them; return the tool's exit code, 2 where it is not installed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--examples", type=int, default=50, help="of each operation and phase")
    given = parser.parse_args()
    if not TOOL.exists():
        print("Not run: schemathesis is not there. make .frugal/venvs/translator/stamp")
        return 2
    daemon = daemons.find(Checkout(given.checkout.resolve()))
    assert daemon is not None, "no daemon runs"
    url = daemon.status()["urls"]["translator"]
    options = [
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={given.examples}",
        f"--exclude-path={STREAM}",
        "--phases=examples,coverage,fuzzing,stateful",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
    ]
    command = [TOOL, "run", f"{url}openapi.json", *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
