"""The Pulumi program: runs the package `infra`."""

import gc
import runpy

# The process ends with the deployment: collecting takes a fifth of its time, and freezing what was
# imported keeps the interpreter from a last collection.
gc.disable()
runpy.run_module("infra", run_name="__main__")
gc.freeze()
