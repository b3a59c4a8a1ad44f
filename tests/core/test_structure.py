"""Inputs of several arrays as rows, and back: the same arrays, bit for bit."""

import json
import pickle

import jax
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.multi_input import EXACT, Part, Structure, flatten, flatten_as, is_structure, unflatten

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, EXACT + 1, (5, 4))
MASK = RNG.random((5, 4)) > 0.5
VALUES = RNG.normal(size=(5, 2, 3)).astype(np.float32)
PIXELS = RNG.integers(0, 256, (5, 2)).astype(np.uint8)
TREES = {
    "dictionary": {"tokens": IDS, "mask": MASK},
    "tuple": (VALUES, IDS),
    "list": [IDS[:, 0], MASK],
    "nested": {"b": (VALUES, {"c": MASK}), "a": [PIXELS, IDS]},
    "one": {"ids": IDS},
}


@pytest.mark.parametrize("name", TREES)
def test_arrays_become_rows_and_arrays_again(name):
    rows, structure = flatten(TREES[name], "x")
    again = unflatten(rows, structure)
    assert jax.tree.structure(again) == jax.tree.structure(TREES[name])
    for found, given in zip(jax.tree.leaves(again), jax.tree.leaves(TREES[name]), strict=True):
        np.testing.assert_array_equal(found, given)
        assert found.dtype == {"i": "int32", "b": "bool", "f": "float32", "u": "float32"}[given.dtype.kind]
    traced = jax.jit(lambda x: unflatten(x, structure))(rows)
    jax.tree.map(np.testing.assert_array_equal, traced, again)
    np.testing.assert_array_equal(flatten_as(TREES[name], structure, "x"), rows)
    assert structure == (rows.shape[1],) or structure[0] == rows.shape[1]


def test_a_structure_is_hashed_by_its_arrays():
    one, same, other = (
        Structure([Part("a", (2,), dtype), Part("b", (), "bool")]) for dtype in ("int32", "int32", "float32")
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != (3,)
    assert {one, (3,)} == {(3,), one}
    assert len({one, (3,)}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    assert json.loads(json.dumps(one)) == [3]
    np.testing.assert_array_equal(other.measured(), [True, True, False])


def test_what_counts_as_several_arrays():
    assert is_structure({"a": IDS})
    assert is_structure((IDS, MASK))
    assert is_structure([IDS, MASK], num_examples=5)
    assert not is_structure([IDS, MASK])  # two examples [5, 4]
    assert not is_structure(list(IDS), num_examples=5)
    assert not is_structure(tuple(IDS), num_examples=5)
    assert not is_structure(((1, 2), (3, 4)), num_examples=2)
    assert not is_structure(IDS)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"ids": np.array([[EXACT + 1]])}, r"x\[ids\] has the whole number 16,777,217, but at most 16,777,216"),
        ({"a": IDS, "b": MASK[:3]}, r"x\[b\] has 3 examples but x\[a\] 5"),
        ({"a/b": IDS}, "has the name 'a/b'"),
        ({1: IDS}, "has the name 1"),
        ({}, "holds no arrays"),
        ({"a": np.array(["x"])}, r"x\[a\] has the type <U1"),
        ({"a": [[1, 2], [3]]}, r"x\[a\] has rows of different lengths: pad them"),
        ({"a": 3.0}, r"x\[a\] has the shape \(\)"),
    ],
)
def test_mistakes_are_sentences(tree, words):
    with pytest.raises(UserError, match=words):
        flatten(tree, "x")


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"tokens": IDS}, r"x is {tokens int32\[4\]}, but {mask bool\[4\], tokens int32\[4\]} was expected"),
        ({"tokens": IDS, "mask": MASK, "more": MASK}, "more bool.4., tokens int32.4.}, but {mask bool"),
        ({"tokens": IDS[:, :3], "mask": MASK}, r"x has tokens int32\[3\], but tokens int32\[4\] was expected"),
        ({"tokens": IDS * 1.0, "mask": MASK}, r"x has tokens float32\[4\], but tokens int32\[4\]"),
    ],
)
def test_other_arrays_are_refused(tree, words):
    with pytest.raises(UserError, match=words):
        flatten_as(tree, flatten(TREES["dictionary"], "x")[1], "x")
