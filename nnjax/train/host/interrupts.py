"""Let Ctrl-C end training at its next segment, with a checkpoint, in plain Python and in notebooks."""

import contextlib
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator

SENTENCE = "Training stops after this segment, with a checkpoint; Ctrl-C once more stops it at once."


@contextlib.contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C instead of raising `KeyboardInterrupt`; a second one raises it.

    In the main thread only, and only where Python's own handler is in place: a program's own is left alone.

    Yields:
      whether Ctrl-C came.
    """
    came: list[int] = []

    def note(number: int, _: types.FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt
        with contextlib.suppress(RuntimeError):  # it came amid another line
            print(SENTENCE, file=sys.stderr, flush=True)

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
