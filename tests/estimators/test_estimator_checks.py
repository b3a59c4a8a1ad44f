"""scikit-learn's own checks of estimators; those that cannot hold have their reasons here."""

import warnings

import flax.linen as nn
import pytest
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from nnjax.estimators import (
    Adaline,
    Autoencoder,
    Madaline,
    MLPClassifier,
    MLPRegressor,
    NNJAXClassifier,
    NNJAXRegressor,
    Perceptron,
)

WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": "weighted and repeated examples are summed in float32, and differ "
    "by 5e-7 where 1e-7 is asked for (test_weights_are_as_repeated_examples)"
}
ONE_BY_ONE = {
    "check_sample_weight_equivalence_on_dense_data": "examples are learned one by one, in a random order: one of "
    "weight 2 is not the same as two of weight 1 at other places"
}
OWN = WEIGHTS | {
    "check_do_not_raise_errors_in_init_or_set_params": "it takes **model_parameters, which are named model__NAME, "
    "for a parameter of that name"
}
MADALINE = {
    "check_class_weight_classifiers": "rule MRI stops as soon as the training examples are right, however heavy a "
    "class is, so that examples beyond them may be of any class"
}


class Net(nn.Module):
    """As many outputs as there are classes or targets."""

    num_outputs: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.num_outputs)(nn.relu(nn.Dense(32)(x)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (MLPClassifier(max_iter=100), WEIGHTS),
        (MLPRegressor(max_iter=100), WEIGHTS),
        (Autoencoder(max_iter=5), WEIGHTS),
        (Perceptron(), ONE_BY_ONE),
        (Adaline(), ONE_BY_ONE),
        (Madaline(max_iter=50), ONE_BY_ONE | MADALINE),
        (NNJAXClassifier(Net, max_iter=100), OWN),
        (NNJAXRegressor(Net, max_iter=100), OWN),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
def test_check_estimator(estimator, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator, expected_failed_checks=expected)


QUICK = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_requires_y_none",
    "check_set_params",
)


@pytest.mark.parametrize(
    "estimator", [MLPClassifier(), MLPRegressor(), Autoencoder(), Perceptron(), Adaline(), Madaline()], ids=str
)
def test_checks_that_train_nothing(estimator):
    found = {}
    for one, check in estimator_checks_generator(estimator):
        if check.func.__name__ in QUICK:
            check(one)
            found[check.func.__name__] = True
    assert len(found) >= 9
