"""Distances of series the slow way: the table of the definition, cell by cell in float64."""

import numpy as np


def last_cell(n, m, window, corner, above, beside, border_above, border_beside):
    """D[n, m]; each argument from `corner` on gives a cost for (i, j), counted from 0."""
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0
    for i in range(n + 1):
        for j in range(m + 1):
            if (i or j) and abs(i - j) <= window:
                ways = [np.inf]
                if i and j:
                    ways.append(table[i - 1, j - 1] + corner(i - 1, j - 1))
                if i:
                    ways.append(table[i - 1, j] + (above(i - 1, j - 1) if j else border_above(i - 1)))
                if j:
                    ways.append(table[i, j - 1] + (beside(i - 1, j - 1) if i else border_beside(j - 1)))
                table[i, j] = min(ways)
    return table[n, m]


def dtw(x, y, window=None, power=1):
    """DTW of x [n, d] and y [m, d], costs Σ |x − y|^power, no root; the band is widened to |n − m|."""

    def cost(i, j):
        return np.sum(np.abs(x[i] - y[j]) ** power)

    def never(i):
        return np.inf

    n, m = len(x), len(y)
    width = max(n, m) if window is None else max(window, abs(n - m))
    return last_cell(n, m, width, cost, cost, cost, never, never)


def edr(x, y, epsilon):
    """Edits between x [n, d] and y [m, d]."""

    def one(*_):
        return 1

    return last_cell(
        len(x), len(y), np.inf, lambda i, j: int(np.any(np.abs(x[i] - y[j]) > epsilon)), one, one, one, one
    )


def erp(x, y, gap=0.0):
    """ERP of x [n, d] and y [m, d] with L1 norms."""

    def of_x(i, *_):
        return np.sum(np.abs(x[i] - gap))

    def of_y(*place):
        return np.sum(np.abs(y[place[-1]] - gap))

    return last_cell(len(x), len(y), np.inf, lambda i, j: np.sum(np.abs(x[i] - y[j])), of_x, of_y, of_x, of_y)


def lcss(x, y, epsilon, window=None):
    """The length of the longest common subsequence by its recursion: matched heads count, else the better rest."""
    n, m = len(x), len(y)
    delta = max(n, m) if window is None else window
    length = np.zeros((n + 1, m + 1), int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if np.all(np.abs(x[i - 1] - y[j - 1]) < epsilon) and abs(i - j) <= delta:
                length[i, j] = length[i - 1, j - 1] + 1
            else:
                length[i, j] = max(length[i - 1, j], length[i, j - 1])
    return length[n, m]
