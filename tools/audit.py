"""Look up known vulnerabilities of all locked packages (`make audit`).

pip-audit asks the database of osv.dev. Exit codes: 0 none is known, 1 some are (they are listed),
2 the database gave no answer for some lock file.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

AUDIT: Final = (
    *(".frugal/venvs/audit/bin/pip-audit", "--strict", "--disable-pip", "--require-hashes"),
    *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"),
)
KNOWN: Final = 1
NO_ANSWER: Final = 2


def audit(locks: Iterable[Path], command: Sequence[str] = AUDIT) -> tuple[list[str], int]:
    """Return a line for each lock file and each vulnerability, and the exit code."""
    lines: list[str] = []
    codes = {0}
    for lock in locks:
        done = subprocess.run(
            [*command, "--requirement", str(lock)], capture_output=True, text=True, check=False
        )
        try:
            packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError, TypeError):
            reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            lines.append(f"{lock}: NOT AUDITED, no answer of the database: {reason[-1]}")
            codes.add(NO_ANSWER)
            break  # nor would it answer for the other files
        known = [line for package in packages for line in _known(package)]
        lines += [f"{lock}: {len(packages)} packages, known vulnerabilities: {len(known)}", *known]
        if known:
            codes.add(KNOWN)
    return lines, max(codes)


def _known(package: dict[str, Any]) -> Iterable[str]:
    for vulnerability in package.get("vulns", ()):
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
        yield (f"  {package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")


def main() -> None:
    """Audit every lock file of this checkout."""
    apps = Path("apps").glob("*/requirements*.lock")
    locks = sorted([*Path("requirements").glob("*.lock"), *apps])
    lines, code = audit(locks)
    print("\n".join(lines))
    if code == NO_ANSWER:
        print(
            "The audit is not complete. It needs a network that reaches api.osv.dev"
            " (HTTPS_PROXY is respected, and PIP_AUDIT_OSV_URL names a mirror's address).",
            file=sys.stderr,
        )
    sys.exit(code)


if __name__ == "__main__":
    main()
