"""Hold the body of an answer to the length that its head declares."""


class Length:
    """The declared length of a body, of which the pieces are taken off one by one.

    Args:
        declared: the value of Content-Length.

    Attributes:
        left: bytes that are still to come; below 0, those that were too many.

    Raises:
        ValueError: it is not a number, which is a bug of the app.
    """

    __slots__ = ("left",)

    def __init__(self, declared: str) -> None:
        if not declared.isdecimal():
            raise ValueError(f"Content-Length: {declared!r}")
        self.left = int(declared)

    def cut(self, data: bytes) -> bytes:
        """Return what of a piece is within the length: a client would read more as its next answer."""
        within = data if len(data) <= self.left else data[: max(self.left, 0)]
        self.left -= len(data)
        return within

    def describe(self) -> str | None:
        """Return what is wrong at the end of the body, if anything is."""
        if not self.left:
            return None
        return f"the body is {'shorter' if self.left > 0 else 'longer'} than its Content-Length, by {abs(self.left)} B"
