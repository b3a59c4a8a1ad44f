"""Types: public signatures and fields of core, nn, models and train say the shapes of their arrays, as jaxtyping does.

mypy holds the rest (`make lint`).
"""

import ast
import pathlib

import jaxtyping
import numpy as np
import pytest

PACKAGE = pathlib.Path(__file__).parents[1] / "nnjax"
MODULES = sorted(path for name in ("core", "nn", "models", "train") for path in (PACKAGE / name).rglob("*.py"))
KINDS = {"Bool", "Float", "Int", "Num", "Shaped", "UInt"}


def annotations(body, owner=""):
    """List (name, annotation) of the public fields, arguments and results of a module's or a class's body.

    Type aliases count as annotations of their module.
    """
    for node in body:
        if isinstance(node, ast.Assign) and not owner:
            yield ast.unparse(node.targets[0]), node.value
        elif isinstance(node, ast.AnnAssign):
            yield owner + ast.unparse(node.target), node.annotation
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and not is_private(node.name):
            if isinstance(node, ast.ClassDef):
                yield from annotations(node.body, f"{node.name}.")
            else:
                own = [(arg.arg, arg.annotation) for arg in ast.walk(node.args) if isinstance(arg, ast.arg)]
                yield from ((f"{owner}{node.name}: {name}", value) for name, value in [*own, ("return", node.returns)])


def is_private(name):
    return name.startswith("_") and name not in ("__call__", "__getitem__", "__init__")


def has_bare_array(node):
    """Whether an annotation names an array whose shape it does not say."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in KINDS:
        return False
    if node is not None and ast.unparse(node) in ("Array", "jax.Array", "np.ndarray"):
        return True
    return node is not None and any(map(has_bare_array, ast.iter_child_nodes(node)))


def bare_arrays(source):
    return [name for name, value in annotations(ast.parse(source).body) if has_bare_array(value)]


def shapes(source):
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Subscript))
    return [ast.literal_eval(node.slice.elts[1]) for node in found if ast.unparse(node.value) in KINDS]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_signatures_say_the_shapes_of_arrays(path):
    assert bare_arrays(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_jaxtyping_reads_the_shapes(path):
    for shape in shapes(path.read_text("utf-8")):
        assert isinstance(shape, str)
        jaxtyping.Shaped[np.ndarray, shape]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: Array) -> int: ...",
        'def f(x: Float[Array, "b d"]) -> dict[str, np.ndarray]: ...',
        "class C:\n    x: Array | None",
        "class C:\n    def f(self, *xs: jax.Array): ...",
        "Function = Callable[[Array], int]",
    ],
)
def test_an_array_without_a_shape_is_found(source):
    assert bare_arrays(source)


def test_private_functions_need_no_shapes():
    assert bare_arrays('def _f(x: Array): ...\ndef g(x: Float[Array, "b d"]):\n    y: Array = x') == []


def test_shapes_are_found():
    assert set(shapes('x: dict[str, Float[Array, "b d"]]\ny: Int[Array, ...]')) == {"b d", ...}
