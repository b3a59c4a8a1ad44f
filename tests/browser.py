"""A headless Chromium, driven over its debugging pipe (no socket, no further dependency)."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

NAMES = ("chromium", "chromium-browser", "google-chrome") if sys.platform != "win32" else ()  # LAUNCH needs POSIX
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--hide-scrollbars",
)
LIMIT = 300  # seconds after which a browser that hangs is ended
LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(ends[0], 3)  # where Chromium reads commands
os.dup2(ends[1], 4)  # where it writes answers
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a browser.

    Attributes:
      errors: texts of the exceptions that the page's scripts did not catch.
    """

    def __init__(self, commands, answers):
        self.commands, self.answers, self.numbers, self.errors = commands, answers, itertools.count(1), []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Send a command of the DevTools protocol and wait for its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.commands.write(json.dumps(message).encode() + b"\0")
        self.commands.flush()
        answer = self.wait(lambda found: found.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, wanted):
        """Read messages until one is wanted."""
        while True:
            message = json.loads(self._read())
            if message.get("method") == "Runtime.exceptionThrown":
                details = message["params"]["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description") or details["text"])
            if wanted(message):
                return message

    def _read(self):
        """Read up to the zero byte that ends a message."""
        out = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser has gone")
            out += byte
        return bytes(out)

    def open(self, path, width=1280, height=900):
        """Load a file and wait until it has been drawn."""
        self.errors.clear()
        self.resize(width, height)
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.run("new Promise((done) => document.readyState == 'complete' ? done(1) : addEventListener('load', done))")
        self.settle()

    def resize(self, width, height):
        """Change the window's size, and wait until the page has been drawn again."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.settle()

    def settle(self):
        """Wait until two frames have been drawn."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def run(self, expression):
        """Evaluate JavaScript, awaiting promises, and give its value."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def drag(self, start, end, steps=5):
        """Drag the mouse between two points (x, y) of the window."""
        self.mouse("mousePressed", *start)
        for k in range(1, steps + 1):
            self.mouse("mouseMoved", *(a + (b - a) * k / steps for a, b in zip(start, end, strict=True)))
        self.mouse("mouseReleased", *end)
        self.settle()

    def key(self, *names):
        """Press keys, by the names that JavaScript gives them, such as "ArrowUp" or " "."""
        for name in names:
            for kind in ("rawKeyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)
        self.settle()

    def mouse(self, kind, x, y):
        """Send one event of the left mouse button."""
        held = int(kind != "mouseReleased")
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=held, clickCount=1)


@contextlib.contextmanager
def browser():
    """Start a browser, and end it."""
    (commands_out, commands_in), (answers_out, answers_in) = os.pipe(), os.pipe()
    launch = [sys.executable, "-c", LAUNCH, str(commands_out), str(answers_in)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [*launch, CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(commands_out, answers_in),
            stderr=subprocess.DEVNULL,
        )
        watchdog = threading.Timer(LIMIT, process.kill)
        watchdog.start()
        os.close(commands_out)
        os.close(answers_in)
        with open(commands_in, "wb") as commands, open(answers_out, "rb") as answers:
            try:
                yield Browser(commands, answers)
            finally:
                watchdog.cancel()
                process.terminate()
                process.wait(10)
