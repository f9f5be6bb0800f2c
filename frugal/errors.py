"""The one error of the tool that is meant for its user."""


class FrugalError(Exception):
    """What went wrong, what was given, and what to do next, in words for the user.

    The command prints it without a traceback and ends with `code`.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class RowsAtStakeError(FrugalError):
    """Rows of the local database are gone or would go; the text says where they are, if anywhere.

    `frugal up --accept-data-loss` begins anew without them.
    """

    def __init__(self, message: str) -> None:
        self.what = message
        super().__init__(
            f"{message} Nothing was changed. To begin anew without those rows, and without "
            "everything else in .frugal/local: frugal up --accept-data-loss"
        )
