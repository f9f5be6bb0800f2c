#!/bin/sh
# Prints a Python that this project can use: PYTHON if it is set, else the first that fits.
# Says in one message what is missing where none does.
set -eu
fits='import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11))'
if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3 python3.14 python3.13 python3.12 python3.11
fi
for python; do
    if command -v "$python" >/dev/null 2>&1 && "$python" -c "$fits" >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
found=$("$1" --version 2>&1 || true)
cat >&2 <<TXT
Error: Frugal needs Python 3.11 or newer with the modules venv and ensurepip; here is: ${found:-none}.
On Debian and Ubuntu: apt-get install python3-venv. On macOS: brew install python.
A Python in another place: make PYTHON=/path/to/python3 up
TXT
exit 1
