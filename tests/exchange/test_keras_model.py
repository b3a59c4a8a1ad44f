"""Dense networks as Keras models: outputs by Keras itself, and refusals."""

import warnings

import numpy as np
import pytest
from exported import inputs, run_of
from fake_runs import CLASSIFIER, fake_run
from keras_models import truth, written

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.exchange import files


@pytest.mark.parametrize("name", ["regression", "binary", "autoencoder", "leaky"])
def test_keras_gives_the_same_outputs_for_raw_inputs(name, tmp_path):
    """Standardized inputs and two targets, minmax with one sigmoid, copies, leaky ReLU; also from a file."""
    run = fake_run(replace(CLASSIFIER, {"model.activation": "leaky_relu"})) if name == "leaky" else run_of(name)
    x = np.float32(run.data().dataset.x[:9] if name == "leaky" else inputs(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras 3.15's, of NumPy 2
        model = run.keras_model()
    np.testing.assert_allclose(truth(model, x), run.outputs(x), rtol=1e-5, atol=1e-5)
    if name == "binary":
        (tmp_path / "a.keras").write_bytes(written(model))
        np.testing.assert_allclose(files.load(tmp_path / "a.keras").outputs(x), run.outputs(x), rtol=1e-5, atol=1e-5)


def test_what_keras_has_not_is_refused():
    with pytest.raises(UserError, match="Keras has no activation squash"):
        fake_run(replace(CLASSIFIER, {"model.activation": "squash"})).keras_model()
    with pytest.raises(UserError, match="The model is lenet5_modern, but an mlp"):
        run_of("lenet5_modern").keras_model()
