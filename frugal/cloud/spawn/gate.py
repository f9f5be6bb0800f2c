"""The gate: run first by each child until the guard knows of it, then replaced by the program.

Run as a plain script, standard library alone: `gate.py USER FORGET PROGRAM ARGUMENT…`. USER: the
numbers `UID:GID`, with any more groups after further colons, or `-`. FORGET: an environment
variable that Python added by itself at its start, or `-`. One byte on standard input opens the
gate; if that closes instead, the daemon is gone, and so is the child.
"""

import os
import signal
import sys

NEVER_OPENED = 125
CANNOT_RUN = 127


def main(user: str, forget: str, program: list[str]) -> None:
    """Wait, give up root if requested, and execute the program."""
    if not os.read(0, 1):
        os._exit(NEVER_OPENED)
    os.environ.pop(forget, None)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Python ignores these two, and a program would inherit that.
    for restored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(restored, signal.SIG_DFL)
    try:
        # As in a container; the daemon's own would keep an app's files from its other processes.
        os.umask(0o022)
        if user != "-":
            number, *groups = map(int, user.split(":"))
            # Before the user id, as only root can change groups.
            os.setgroups(groups[1:])
            os.setgid(groups[0])
            os.setuid(number)
        os.execv(program[0], program)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be run: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(CANNOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
