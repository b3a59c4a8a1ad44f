"""Constants of LeNet-5 as published (LeCun, Bottou, Bengio & Haffner 1998, section II.B). No JAX.

The bitmaps follow the paper's figure 3 in the form that reimplementations hand on (some digits carry a bar above them,
which tells them from like characters of the full set); single pixels could not be compared with the printed figure.
"""

import numpy as np

from nnjax.core.types import Float

WIDTHS = (6, 16, 120, 84)  # feature maps of C1 and of C3, units of C5 and of F6
ACTIVATION, KERNEL_INIT = "squash", "lecun_1998"
PUBLISHED = {"widths": WIDTHS, "activation": ACTIVATION, "kernel_init": KERNEL_INIT}  # fields of `ModelConfig`
NUM_CLASSES = 10

# Which maps of S2 each map of C3 is connected to (table I).
C3_INPUTS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)

_DRAWN = """
.#####.  ...##..  .#####.  #######  .#####.  .#####.  ..####.  #######  .#####.  .#####.
.......  ..###..  .......  .....##  .......  .......  .##....  .....##  ##...##  ##..###
..###..  .####..  .#####.  ....##.  .......  #######  ##.....  .....##  ##...##  ##...##
.##.##.  ...##..  ##...##  ...##..  .##..##  ##.....  ##.....  ....##.  ##...##  ##...##
##...##  ...##..  #....##  ..####.  .##..##  ##.....  ######.  ...##..  .#####.  ##..###
##...##  ...##..  ....##.  .....##  ###..##  .####..  ###..##  ...##..  ##...##  .######
##...##  ...##..  ..###..  .....##  ##...##  ..####.  ##...##  ..##...  ##...##  .....##
##...##  ...##..  .##....  .....##  ##...##  .....##  ##...##  ..##...  ##...##  .....##
.##.##.  ...##..  ##.....  ##...##  ##..###  ##...##  ###..##  ..##...  ##...##  ....##.
..###..  .######  #######  .#####.  .######  .#####.  .#####.  ..##...  .#####.  .####..
.......  .......  .......  .......  .....##  .......  .......  .......  .......  .......
.......  .......  .......  .......  .....##  .......  .......  .......  .......  .......
"""


def bitmaps() -> Float[np.ndarray, "10 84"]:
    """Draw the ten digits: float32 [10, 84], rows of 7 x 12 pixels, ink 1 and paper -1."""
    rows = [line.split() for line in _DRAWN.split("\n") if line]
    texts = ["".join(row[digit] for row in rows) for digit in range(NUM_CLASSES)]
    return np.array([[1.0 if pixel == "#" else -1.0 for pixel in text] for text in texts], np.float32)
