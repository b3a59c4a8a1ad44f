"""What tests of one kind of system are marked with."""

import sys

import pytest

posix = pytest.mark.skipif(sys.platform == "win32", reason="tests signals, file limits or /dev, which Windows has not")
linux = pytest.mark.skipif(sys.platform != "linux", reason="tests files in /proc")
