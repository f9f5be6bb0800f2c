"""Tools of the checkout, each run by a `make` command."""
