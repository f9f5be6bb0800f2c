"""Own domains on this machine, by their names."""


class Domains:
    """The names that are served, each with the address that it leads to."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def bind(self, name: str, target: str) -> None:
        """Serve a name from `target`, `http://127.0.0.1:PORT`."""
        self.targets[name] = target

    def unbind(self, name: str) -> None:
        """Stop serving a name; one that is not bound is no error."""
        self.targets.pop(name, None)
