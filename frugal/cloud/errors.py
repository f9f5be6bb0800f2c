"""The one error that the local cloud answers with."""


class CloudError(Exception):
    """A request refused as Resource Manager would refuse it: an error code and one message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
