"""The command line, one module a command; `frugal.cli` imports each when it is used."""
