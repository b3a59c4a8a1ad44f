"""Lists of numbers by name in text: of Python, as NumPy prints them, pasted into a script."""

import numpy as np
import pytest
from log_curves import LOSS, VAL


@pytest.mark.parametrize(
    "text",
    [
        f"Done in 3 s.\ntrain_losses = {LOSS.tolist()}\nval_losses = {VAL.tolist()}\n",
        f"Train loss: {LOSS}\nValid loss: {VAL}\n",
        f"import numpy as np\nloss = np.array({LOSS.tolist()})\nval_loss = np.array({VAL.tolist()})\nplt.plot(loss)\n",
        f"sizes = [1, 2, 3]\nloss: {[np.float64(y) for y in LOSS]}\nval_loss: {[np.float64(y) for y in VAL]}\n",
    ],
)
def test_variations(both, text):
    assert both(text).sources[0].startswith("lists in text;")
