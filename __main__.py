"""The Pulumi program: runs the package `infra`."""

import gc
import runpy

# The program ends with its deployment; until then collecting takes a fifth of its time.
gc.disable()
runpy.run_module("infra", run_name="__main__")
