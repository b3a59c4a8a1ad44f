"""Run an exported program in a child process: XLA's reader may crash on a forged one (docs/design/0013).

The child reads 8 bytes of length and the program, answers one byte, then for each batch reads 8 bytes b and float32
[b, d] and answers float32 [b, k], until its input ends. What it refuses, or what killed it, the parent says.
"""

import subprocess
import sys
import tempfile
import weakref
from typing import IO, Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.files import is_broken_pipe

READY = b"\x01"


class IsolatedProgram:
    """A function from raw inputs float32 [b, d] to outputs float32 [b, k], computed by a child process.

    Args:
      content: the program, as `program.to_bytes` made it.
      num_inputs, num_outputs: d and k.
      path: what the program's file is called in sentences.

    Raises:
      UserError: the program is refused, or kills its process; also when called.
    """

    def __init__(self, content: bytes, num_inputs: int, num_outputs: int, path: str):
        self.num_outputs, self.path = num_outputs, path
        self.complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _stop)
        words = [sys.executable, "-m", "nnjax.exchange.isolated_program", str(num_inputs), str(num_outputs), path]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.complaints}
        self.process = subprocess.Popen(words, **pipes)
        self._finalizer = weakref.finalize(self, _stop, self.process, self.complaints)
        self._ask(len(content).to_bytes(8, "little") + content, len(READY))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Apply the program to a batch."""
        x = np.ascontiguousarray(x, np.float32)
        answer = self._ask(len(x).to_bytes(8, "little") + x.tobytes(), 4 * len(x) * self.num_outputs)
        return np.frombuffer(answer, np.float32).reshape(len(x), self.num_outputs)

    def _ask(self, question: bytes, length: int) -> bytes:
        """Send a request and read a response of a length; if the child ends before, raise its reason."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(question)
            self.process.stdin.flush()
            answer = self.process.stdout.read(length)
        except OSError as error:
            if not is_broken_pipe(error):
                raise
            answer = b""
        if len(answer) == length:
            return answer
        status = self.process.wait()
        self.complaints.seek(0)
        last = self.complaints.read().decode(errors="replace").strip().split("\n")[-1]
        if status == 2 and last.startswith("error: "):
            raise UserError(last.removeprefix("error: "))
        raise UserError(f"The program in {self.path} broke the process that ran it (status {status}); export it again.")


def _stop(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    """Kill the child process."""
    process.kill()
    process.communicate()
    complaints.close()


def serve(num_inputs: int, num_outputs: int, path: str, source: IO[bytes], sink: IO[bytes]) -> None:
    """Serve a program in the child process; errors as of `program.from_bytes`."""
    from nnjax.exchange import program

    content = source.read(int.from_bytes(source.read(8), "little"))
    function = program.from_bytes(content, num_inputs, num_outputs, path)
    answer = READY
    while True:
        sink.write(answer)
        sink.flush()
        head = source.read(8)
        if not head:
            return
        b = int.from_bytes(head, "little")
        x = np.frombuffer(source.read(4 * b * num_inputs), np.float32).reshape(b, num_inputs)
        answer = np.ascontiguousarray(function(x), np.float32).tobytes()


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.stdin.buffer, sys.stdout.buffer)
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
