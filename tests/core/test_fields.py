"""Experiments: changed by name, typed, hashed, and carried through JSON unchanged."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.core.fields import coerce_fields, field_types, flatten, from_dict, replace, resolve_path, to_dict
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import short_name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("learning_rate", "hyperparameters.learning_rate"),
        ("widths", "model.widths"),
        ("model.widths", "model.widths"),
        ("optimizer.name", "optimizer.name"),
        ("loss", "loss"),
    ],
)
def test_fields_are_named_whole_or_by_their_last_part(name, path):
    assert resolve_path(name) == path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lerning_rate", r"'lerning_rate'; did you mean hyperparameters\.learning_rate\?"),
        ("lr", r"did you mean hyperparameters\.learning_rate\?"),
        ("wd", r"did you mean hyperparameters\.weight_decay\?"),
        ("modle.widths", r"did you mean model\.widths\?"),
        ("model.width", r"did you mean model\.widths\?"),
        ("optimizer.nam", r"did you mean optimizer\.name or data\.name\?"),
        ("data.nam", r"did you mean data\.name or optimizer\.name\?"),
        ("name", r"ambiguous: write one of data\.name, optimizer\.name\."),
        (
            "color",
            r"'color'; .*hyperparameters\.color; the fields are data\.name, .*evaluate_test\.",
        ),
        ("data", r"'data' is not a field but a group of them: write one of data\.name, .*data\.window\.$"),
        ("optimizer.color", r"the fields are optimizer\.name, optimizer\.preset, optimizer\.schedule\."),
        ("", "Unknown field ''"),
    ],
)
def test_unknown_fields_name_the_close_ones(name, words):
    with pytest.raises(UserError, match=words):
        resolve_path(name)


TYPED = [
    ("epochs", "30", 30),
    ("epochs", 30.0, 30),
    ("epochs", np.int64(3), 3),
    ("learning_rate", "1e-3", 0.001),
    ("learning_rate", 1, 1.0),
    ("learning_rate", "none", None),
    ("learning_rate", np.float32(0.5), 0.5),
    ("widths", "64, 32", (64, 32)),
    ("widths", "(64,32)", (64, 32)),
    ("widths", [64.0, 32], (64, 32)),
    ("widths", "()", ()),
    ("widths", "8", (8,)),
    ("shuffle", "False", False),
    ("shuffle", True, True),
    ("metrics", "accuracy,huber", ("accuracy", "huber")),
    ("metrics", "none", None),
    ("validation", "0.25", 0.25),
    ("validation", "500", 500),
    ("validation", "test", "test"),
    ("validation", 1.0, 1.0),  # a fraction, which the split refuses; never one example
    ("test", "none", None),
    ("test", "0", 0),
    ("data.target", "none", "none"),  # a table without a target
    ("data.target", "None", None),
    ("data_dir", "none", "none"),
    ("loss", "mean_squared_error", "mean_squared_error"),
]


@pytest.mark.parametrize(("name", "value", "expected"), TYPED)
def test_values_become_what_their_field_says(name, value, expected):
    found = flatten(replace(Experiment(), {name: value}))[resolve_path(name)]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("epochs", "many", "epochs is 'many', but a whole number was expected"),
        ("epochs", 2.5, r"epochs is 2\.5, but a whole number"),
        ("epochs", True, "epochs is True"),
        ("epochs", float("nan"), "epochs is nan"),
        ("epochs", float("inf"), "epochs is inf"),
        ("epochs", None, "epochs is None"),
        ("learning_rate", "fast", "hyperparameters.learning_rate is 'fast', but a number or none"),
        ("learning_rate", True, "learning_rate is True"),
        ("learning_rate", [1], r"learning_rate is \[1\]"),
        ("widths", "8,a", "model.widths is '8,a', but a list of whole numbers"),
        ("widths", 8, "model.widths is 8"),
        ("widths", {"a": 1}, "model.widths is {'a': 1}"),
        ("shuffle", "maybe", "shuffle is 'maybe', but true or false"),
        ("loss", 3, "loss is 3, but text or an object was expected"),
        ("data", "digits", "'data' is not a field but a group"),
    ],
)
def test_other_values_are_refused(name, value, words):
    with pytest.raises(UserError, match=words):
        replace(Experiment(), {name: value})


def test_replace_leaves_the_original_alone():
    old = Experiment()
    new = replace(old, {"learning_rate": 0.1, "model.widths": (4,)})
    assert (new.hyperparameters.learning_rate, new.model.widths) == (0.1, (4,))
    assert old == Experiment()


def test_coerce_fields_makes_a_hand_made_experiment_hashable():
    made = Experiment(model=ModelConfig(widths=[8, 4]), epochs=3.0)
    hash(coerce_fields(made))
    assert coerce_fields(made) == Experiment(model=ModelConfig(widths=(8, 4)), epochs=3)
    assert Experiment(model="lenet5").model.kind == "lenet5"


# Experiments with values of every type in every kind of field.
numbers = st.floats(0, 1, allow_subnormal=False)
experiments = st.builds(
    Experiment,
    data=st.builds(
        DataConfig,
        target=st.none() | st.sampled_from(["y", "none", "a,b"]),
        limit=st.none() | st.integers(1, 10**6),
        validation=numbers | st.integers(0, 1000) | st.just("test"),
        test=st.none() | numbers | st.integers(0, 1000),
    ),
    model=st.builds(ModelConfig, widths=st.lists(st.integers(1, 512)).map(tuple)),
    hyperparameters=st.builds(Hyperparameters, learning_rate=st.none() | numbers, dropout=st.none() | numbers),
    metrics=st.none() | st.just(("accuracy",)) | st.just(()),
    epochs=st.integers(1, 10**6),
    seed=st.integers(0, 2**32 - 1),
    shuffle=st.booleans(),
)


@settings(deadline=None)
@given(experiments)
def test_json_brings_back_the_same_experiment(experiment):
    again = from_dict(json.loads(json.dumps(to_dict(experiment))))
    assert again == experiment
    assert repr(again) == repr(experiment)  # 1 and 1.0 are equal but not the same
    assert coerce_fields(experiment) == experiment


@settings(deadline=None)
@given(experiments)
def test_text_brings_back_the_same_experiment(experiment):
    """What the command line could have said; an empty list is "()"."""
    texts = {
        path: ",".join(map(str, value)) or "()" if isinstance(value, tuple) else str(value)
        for path, value in flatten(experiment).items()
    }
    assert repr(replace(Experiment(), texts)) == repr(experiment)


def test_unknown_fields_in_json_are_refused():
    with pytest.raises(UserError, match=r"Unknown field 'model\.width'"):
        from_dict({"model": {"width": 3}})


def test_field_types_cover_every_field():
    leaves = {field.name for cls in (DataConfig, ModelConfig, Hyperparameters) for field in dataclasses.fields(cls)}
    assert leaves - {"others"} < {path.split(".")[-1] for path in field_types(Experiment)}
    assert coerce("3", field_types(Experiment)["data.limit"], "limit") == 3
    with pytest.raises(UserError, match=r"start_weights is array\(\[\], shape=\(0, 2\)"):
        coerce(np.zeros((0, 2)), field_types(Experiment)["start_weights"], "start_weights")


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("shop.nets:Net(...)", "Net"),
        ("shop.nets:Net(width=8, at=a:b)", "Net(width=8, at=a:b)"),
        ("shop:make.<locals>.Net(...)", "Net"),
        ("lenet5", "lenet5"),
    ],
)
def test_people_read_an_import_path_without_its_module(path, short):
    assert short_name(path) == short
