"""Colors of classes, curves and images: Matplotlib's palettes, by a few of their colors, without its import."""

import numpy as np

TAB10 = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
PALE10 = ("#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5", "#c49c94", "#f7b6d2", "#c7c7c7", "#dbdb8d", "#9edae5")
SHADES = {  # at even distances from 0 to 1
    "gray": "000000 ffffff",
    "RdBu_r": "053061 2065ab 4393c3 90c4dd d1e5f0 f7f6f6 fddbc7 f3a481 d6604d b1182b 67001f",
    "Blues": "f7fbff deebf7 c6dbef 9dcae1 6aaed6 4191c6 2070b4 08509b 08306b",
    "magma": "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 "
    "fde2a3 fcfdbf",
}


def shades(palette: str, values: np.ndarray) -> np.ndarray:
    """Return the colors of values [n] in [0, 1], uint8 [n, 3], between those of `SHADES`."""
    known = np.array([list(bytes.fromhex(color)) for color in SHADES[palette].split()], float)
    places = np.linspace(0, 1, len(known))
    return np.stack([np.interp(values, places, channel) + 0.5 for channel in known.T], axis=1).astype(np.uint8)


def class_color(label: int) -> str:
    """Return a class the same color everywhere: Matplotlib's tab10, and from the eleventh on tab20."""
    return TAB10[label] if label < 10 else (TAB10, PALE10)[label % 2][label % 20 // 2]
