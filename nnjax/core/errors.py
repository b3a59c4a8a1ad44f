"""Errors that a user causes."""

from nnjax.core.text import printable


class UserError(ValueError):
    """A mistake of the user's: one sentence that says what was found, what was expected and what to do.

    The scripts print it and end with exit status 2, without a traceback. Control characters in it are escaped, and what
    is very long, such as a path, is shortened.
    """

    def __init__(self, sentence: object = ""):
        super().__init__(printable(str(sentence)))
