"""Refusals: nothing was changed, on purpose. They are told as a value, `refused`, not by words of a message."""


class RefusedError(Exception):
    """Nothing was changed. The message says what stands in the way, the hint what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
