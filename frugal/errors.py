"""The one error of the tool that is meant for its user."""


class FrugalError(Exception):
    """What went wrong, what was given, and what to do next, in words for the user.

    The command prints it without a traceback and ends with `code`.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
