"""Run every fault, one part after another: `make test-faults`. Takes hours with the full sizes.

    .venv/bin/python -m tests.faults [--parts PART,…] [--points N] [--whole-points N] [--jobs N]

Each part is a script of this folder, prints its own lines and stands alone. The last ones share one
checkout with the whole program, brought up for them and taken down after. Interrupted, the part
under way takes its clone down. The summary at the end says of each part: passed, FAILED, or not
run, and its last line. Ends with 1 if a part failed.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.kills import be_interruptible, small_or_whole

ROOT = Path(__file__).resolve().parents[2]
NOT_RUN = 2
RUNNING = ("local_user", "stops-whole", "load", "requests")
"""Parts that take a checkout in which the whole program is up.

The last one uses up what one address may write in an hour.
"""


@dataclass
class Sweep:
    results: list[tuple[str, str, float, str]] = field(
        default_factory=list[tuple[str, str, float, str]]
    )

    def run(self, part: str, *arguments: str) -> None:
        """Run one part's script, showing what it prints."""
        print(f"== {part}", flush=True)
        began, last = time.monotonic(), ""
        module = f"tests.faults.{part.partition('-')[0]}"
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            # A terminal's Ctrl-C would reach it a second time.
            process_group=0,
        )
        try:
            for line in follow(process):
                print(line, end="", flush=True)
                last = line.strip() or last
        except KeyboardInterrupt:
            # It takes its clone down.
            process.send_signal(signal.SIGINT)
            for line in follow(process):
                print(line, end="", flush=True)
                last = line.strip() or last
            self.results.append((part, "interrupted", time.monotonic() - began, last))
            raise
        code = process.wait()
        outcome = {0: "passed", NOT_RUN: "not run"}.get(code, "FAILED")
        self.results.append((part, outcome, time.monotonic() - began, last))


def follow(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout


def main() -> int:
    """Run the parts that are asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--points", type=int, default=30, help="kills of each command, small")
    parser.add_argument("--whole-points", type=int, default=10, help="the same, whole program")
    parser.add_argument("--jobs", type=int, default=1, help="clones that kills use at once")
    parser.add_argument("--examples", type=int, default=50, help="of schemathesis")
    jobs = ("--jobs", "{jobs}")
    alone = {
        "kills": ("--points", "{points}", *jobs),
        "damage": (),
        "stops": (),
        "disk": (),
        "kills-whole": ("--whole", "--points", "{whole_points}"),
    }
    parser.add_argument("--parts", help=f"of: {', '.join([*alone, *RUNNING])}")
    given = parser.parse_args()
    parts = given.parts.split(",") if given.parts else [*alone, *RUNNING]
    if unknown := [part for part in parts if part not in {*alone, *RUNNING}]:
        parser.error(f"no such part: {', '.join(unknown)}")
    sweep = Sweep()
    be_interruptible()
    try:
        for part in (part for part in alone if part in parts):
            sweep.run(part, *(argument.format(**vars(given)) for argument in alone[part]))
        if wanted := [part for part in RUNNING if part in parts]:
            with small_or_whole(whole=True) as e:
                print("== bringing the whole program up", flush=True)
                code, said = e.up()
                assert code == 0, said
                root = str(e.clone.root)
                arguments = {
                    "requests": (root, "--examples", str(given.examples)),
                    "stops-whole": ("--whole", root),
                }
                for part in wanted:
                    sweep.run(part, *arguments.get(part, (root,)))
    except KeyboardInterrupt:
        print("Interrupted.")
    print("\npart         outcome      minutes  last line")
    for part, outcome, seconds, last in sweep.results:
        print(f"{part:13}{outcome:12}{seconds / 60:8.1f}  {last[:120]}")
    return 1 if any(outcome not in {"passed", "not run"} for _, outcome, *_ in sweep.results) else 0


if __name__ == "__main__":
    sys.exit(main())
