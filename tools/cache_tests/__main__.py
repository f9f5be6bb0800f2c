"""Runs http-tests/cache-tests against a cached route of the local edge: an outside check.

`python -m tools.cache_tests [FOLDER]`. FOLDER is the unpacked npm package `http-cache-tests` 0.4.5
(BSD-3-Clause) with its dependencies; without it npm fetches them (25 MB) into a temporary folder.
Needs Node.js 14 or newer; half a minute. The suite informs and does not judge, says its README.
Exit status 1 if a required test that required.txt lists fails, or one passes that it does not.

Required tests that fail, and why (November 2026):

- vary-*, vary-syntax-*: Front Door ignores Vary.
- headers-store-Set-Cookie, 304-…-Set-Cookie: Front Door takes Set-Cookie from what it keeps.
- surrogate-*: CDN-Cache-Control is not among the headers that Front Door documents.
- stale-close-*: they presume a cache that serves stale pages when the origin is gone (stale-close,
  which is optional); this one answers 503, and the test takes that for a cached page.
- invalidate-*-location, -cl: RFC 9111 section 4.4 leaves them open; hishel does not.
- age-parse-*: what is no number is ignored and the first of several counts, as RFC 9111 section
  5.1 (2022) says; the suite is older.
- 304-etag-update-response-*: hishel keeps Content-Type, takes a new Content-MD5, and takes another
  ETag for another page. headers-store-Transfer-Encoding: such an answer is no HTTP for us, 503.
- Not run: three that are for browsers only.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from frugal.cloud.edge import CachePolicy, Endpoint, Origin, Route
from frugal.cloud.listen import Listener

PACKAGE = "http-cache-tests@0.4.5"
KNOWN = Path(__file__).with_name("required.txt")
# Every test with its kind: "required" unless it says "optimal" or "check".
LISTING = """
import tests from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
const all = [...tests, surrogate].flatMap(suite => suite.tests)
console.log(JSON.stringify(all.map(test => [test.id, test.kind || 'required'])))
"""


async def output(folder: Path, *argv: str, **settings: str) -> str:
    """Output of a command; `settings` are passed to the suite as npm does."""
    process = await _start(folder, *argv, **settings)
    printed, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(argv[:2])} failed with status {process.returncode}.")
    return printed.decode()


async def results(folder: Path) -> dict[str, Any]:
    """Run the suite once; return True or the failure, by test id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as scratch:
        pid_file = str(Path(scratch, "server.pid"))
        server = await _start(
            *(folder, "node", "server/server.mjs"), protocol="http", port=port, pidfile=pid_file
        )
        origin = Origin(host="origin", host_header=f"localhost:{port}")
        policy = CachePolicy(query_string="UseQueryString")
        endpoint = Endpoint(
            host="edge.example",
            front_door_id="cache-tests",
            routes=[Route(patterns=("/*",), origins=(origin,), cache=policy)],
            connect=lambda _host: f"http://127.0.0.1:{port}",
            log=Path(scratch, "edge.log"),
        )
        listener = Listener(endpoint, 0)
        await listener.start()
        if server.stdout is not None:
            await server.stdout.readline()
        try:
            base = f"http://127.0.0.1:{listener.port}"
            return json.loads(
                await output(folder, "node", "--no-warnings", "cli.mjs", base=base, id="")
            )
        finally:
            server.terminate()
            await server.wait()
            await listener.stop()
            await endpoint.close()


async def run(folder: Path) -> int:
    """Run the suite, print the figures, compare with the list; returns the exit status."""
    found = [await results(folder) for _ in range(2)]
    kinds = dict(json.loads(await output(folder, "node", "--input-type=module", "--eval", LISTING)))
    # Twice, since some of its responses break the keep-alive connection for the next test.
    passed = {i for i in kinds if any(f.get(i) is True for f in found)}
    for kind, total in Counter(kinds[i] for i in kinds if i in found[0]).items():
        print(f"{kind:9}{sum(kinds[i] == kind for i in passed):4} of {total} pass")
    required = {i for i in passed if kinds[i] == "required"}
    known = set(KNOWN.read_text().split())
    for test in sorted(known - required):
        print(f"FAILS now: {test}:  {found[-1].get(test)}")
    for test in sorted(required - known):
        print(f"passes now, add it to {KNOWN.name}: {test}")
    return int(required != known)


async def main() -> int:
    """Run the suite in the folder given, or in a new one."""
    if len(sys.argv) > 1:
        return await run(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as scratch:
        install = ("npm", "install", "--no-audit", "--no-fund", "--prefix", scratch, PACKAGE)
        await output(Path(scratch), *install)
        return await run(Path(scratch, "node_modules", "http-cache-tests"))


async def _start(folder: Path, *argv: str, **settings: str) -> asyncio.subprocess.Process:
    environment = {f"npm_package_config_{name}": value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
