"""Errors that a user causes."""


class UserError(ValueError):
    """A mistake of the user's: one sentence that says what was found, what was expected and what to do.

    The scripts print it and end with exit status 2, without a traceback.
    """
