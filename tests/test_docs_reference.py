"""The reference has every public name, each with a docstring."""

import inspect
import pathlib
import re

import pytest

import nnjax
from nnjax import distances, embed, estimators, testing

ROOT = pathlib.Path(__file__).parents[1]
PYTHON = (ROOT / "docs/reference/python.md").read_text("utf-8")
LIBRARIES = (ROOT / "docs/reference/libraries.md").read_text("utf-8")


def undocumented(owner, name):
    """The public members of a name, and itself, that have no docstring."""
    thing = getattr(owner, name)
    if not callable(thing):
        return []
    members = (
        []
        if not inspect.isclass(thing)
        else [
            (f"{name}.{member}", value)
            for member, value in vars(thing).items()
            if not member.startswith("_")
            and (callable(value) or isinstance(value, property))
            and not isinstance(value, type)
        ]
    )
    return [path for path, value in [(name, thing), *members] if not inspect.getdoc(value)]


LISTED = (nnjax, distances, embed, testing, estimators)


@pytest.mark.parametrize("package", LISTED, ids=lambda package: package.__name__)
def test_every_public_name_has_a_docstring(package):
    assert [path for name in package.__all__ for path in undocumented(package, name)] == []


def test_a_missing_docstring_is_found():
    class Owner:
        class Thing:
            """Documented."""

            def bare(self):
                pass

            @property
            def told(self):
                """Documented."""

    assert undocumented(Owner, "Thing") == ["Thing.bare"]


def test_the_reference_has_every_public_name():
    assert sorted(re.findall(r"^::: nnjax\.(\w+)$", PYTHON, re.MULTILINE)) == sorted(nnjax.__all__)
    listed = re.findall(r"members: \[(.*?)\]", LIBRARIES)
    tables = {"METRICS", "METHODS", "MEASURES"}
    for package, names in zip((distances, embed, testing, estimators), listed, strict=True):
        assert set(names.split(", ")) == set(package.__all__) - tables
