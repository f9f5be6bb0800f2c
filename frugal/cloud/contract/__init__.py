"""Contracts of resource types: Microsoft's published models as data, and checks of bodies.

The data (`data/*.json`) is derived by `python -m tools.contract`, never written by hand; each file
names what it was derived from. So the local cloud refuses what Azure's published model refuses, not
what we happen to remember of Azure.

    app = model("azure-native:app:ContainerApp")
    for finding in app.check(inputs):
        print(finding)          # configuration.ingress.targetPort: is a string, must be an integer
"""

from frugal.cloud.contract.check import UNKNOWN
from frugal.cloud.contract.model import Model, UnknownTypeError, model, namespaces, tokens

__all__ = ["UNKNOWN", "Model", "UnknownTypeError", "model", "namespaces", "tokens"]
