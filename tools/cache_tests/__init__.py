"""An outside check of the local edge: see `__main__`."""
