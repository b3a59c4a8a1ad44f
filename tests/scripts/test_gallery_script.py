"""scripts/gallery.py as its users run it."""

import pytest
from processes import complaint, run


def test_an_unknown_mistake_is_one_sentence(fork):
    done = fork("gallery", "nonsense")
    assert done.returncode == 2
    assert "There is no mistake 'nonsense' in the gallery; there are good, rate_too_low" in complaint(done)


@pytest.mark.slow
def test_one_mistake(tmp_path):
    done = run("gallery", "zero_start", f"--out={tmp_path / 'out'}")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, counted, last = done.stdout.splitlines()
    assert first.split() == ["zero_start", "provoked", "stuck_at_start", "diagnosed", "stuck_at_start"]
    assert counted == "of 1 mistakes 1 were found with every seed, 0 never"
    assert last == f"report: {tmp_path / 'out' / 'report.html'}"
    assert (tmp_path / "out" / "report.html").is_file()
