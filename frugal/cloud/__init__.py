"""The local cloud: the resources of one environment, really running on this machine."""
