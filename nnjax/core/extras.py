"""Import packages that only an extra brings."""

import importlib
import shlex
from typing import Any

from nnjax.core.errors import UserError


def require(module: str, requirement: str, what: str) -> Any:
    """Import a package that not every installation has.

    Args:
      module: what is imported.
      requirement: what pip installs to bring it: "nnjax[umap]".
      what: what needs it, which begins the sentence.

    Raises:
      UserError: it is not installed, or its import fails.
    """
    line = f"pip install {shlex.quote(requirement)}"
    try:
        return importlib.import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            raise UserError(f"{what} needs {module}, which is not installed: {line}.") from None
        raise UserError(
            f"{what} needs {module}, which is installed but cannot be imported ({type(error).__name__}: {error}): "
            f"mend that, perhaps with {line}."
        ) from error
