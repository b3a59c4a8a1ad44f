"""Models of one's own: parameters that a search varies, images in rows, numbers as targets."""

import pickle

import flax.linen as nn
import numpy as np
import pytest
from estimator_data import irises
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from nnjax.estimators import NNJAXClassifier, NNJAXRegressor, PopulationSearchCV

OPTIONS = {"max_iter": 12, "tol": None, "random_state": 0, "learning_rate_init": 0.1}


class Net(nn.Module):
    """A hidden layer of its own."""

    width: int = 4
    outputs: int = 3

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.outputs)(nn.tanh(nn.Dense(self.width)(x.reshape(len(x), -1))))


@pytest.mark.slow
def test_parameters_of_the_model_are_searched():
    x, y = irises()
    net = NNJAXClassifier(Net, model__width=3, **OPTIONS)
    assert net.get_params()["model__width"] == 3
    assert clone(net).set_params(model__width=5).model__width == 5
    with pytest.raises(TypeError, match="unexpected keyword argument 'widht'"):
        NNJAXClassifier(Net, widht=3)
    space, cv = {"model__width": [3, 6]}, StratifiedKFold(2)
    ours, theirs = (search(net, space, cv=cv).fit(x, y) for search in (PopulationSearchCV, GridSearchCV))
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-12)
    kernel = ours.best_estimator_.variables_.params["Dense_1"]["kernel"]
    assert kernel.shape == (4, ours.best_params_["model__width"])
    p = ours.predict_proba(x)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours.best_estimator_)).predict_proba(x), p)


@pytest.mark.slow
def test_instances_shapes_and_several_targets():
    x, y = irises()
    net = NNJAXClassifier(Net(width=8), input_shape=(2, 2), **OPTIONS | {"max_iter": 60}).fit(x - x.mean(0), y)
    assert net.score(x - x.mean(0), y) > 0.9
    with pytest.raises(ValueError, match=r"input_shape is \(3, 2\), but X has 4 features"):
        NNJAXClassifier(Net(), input_shape=(3, 2)).fit(x, y)
    fitted = NNJAXRegressor(Net, model__outputs=2, **OPTIONS | {"max_iter": 100}).fit(x[:, :2], x[:, 2:])
    assert fitted.predict(x[:, :2]).shape == (120, 2)
    assert fitted.score(x[:, :2], x[:, 2:]) > 0.7
    with pytest.raises(ValueError, match=r"The model yields \[3\] .* but 2 numbers were expected for 2 targets"):
        NNJAXRegressor(Net).fit(x[:, :2], x[:, 2:])
