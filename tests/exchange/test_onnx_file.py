"""ONNX files: outputs of every kind of network through onnxruntime, and sentences."""

import importlib.util
import types

import flax.linen as nn
import numpy as np
import pytest
from exported import MAKERS, inputs, run_of

import nnjax
from nnjax.core.errors import UserError
from nnjax.exchange import files, onnx_file

INSTALLED = importlib.util.find_spec("jax2onnx") is not None and importlib.util.find_spec("onnxruntime") is not None
needs_onnx = pytest.mark.skipif(not INSTALLED, reason="pip install nnjax[onnx]")


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("name", MAKERS)
def test_outputs_are_those_of_the_run(name, tmp_path):
    import onnxruntime

    run, x = run_of(name), np.float32(inputs(name))
    run.export(tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    for rows in (x, x[:1]):
        [found] = session.run(None, {"x": rows})
        np.testing.assert_allclose(found, run.outputs(rows), rtol=1e-5, atol=1e-5)
    if name == "mlp":
        run.ensemble(1, "seeds").export(tmp_path / "b.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "b.onnx")
        [found] = session.run(None, {"x": x})
        np.testing.assert_allclose(found, run.outputs(x, 0, "best"), rtol=1e-5, atol=1e-5)
    with pytest.raises(UserError, match="is run by onnxruntime"):
        files.load(tmp_path / "a.onnx")


class Conv(nn.Module):
    """A convolution with pooling by strides, of which a CPU trains a substitute."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.relu(nn.Conv(4, (3, 3), strides=2)(x)).mean((1, 2)))


@needs_onnx
@pytest.mark.slow
def test_outputs_of_a_model_of_one_s_own(tmp_path):
    import onnxruntime

    x = np.random.default_rng(0).normal(size=(40, 8, 8, 1)).astype(np.float32)
    experiment = nnjax.Experiment(model=nnjax.ModelConfig(Conv()), epochs=1)
    run = nnjax.sweep(experiment, {}, data=(x, np.arange(40) % 3), progress=False)
    run.export(tmp_path / "a.onnx")
    [found] = onnxruntime.InferenceSession(tmp_path / "a.onnx").run(None, {"x": x.reshape(40, -1)})
    np.testing.assert_allclose(found, run.outputs(x), rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(INSTALLED, reason="jax2onnx is installed")
def test_without_the_extra_a_sentence_names_it(tmp_path):
    with pytest.raises(UserError, match=r"needs jax2onnx.*nnjax\[onnx\]"):
        run_of("mlp").export(tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("factor", "differ"), [(1.0, False), (1.00002, True), (float("nan"), True)])
def test_a_file_whose_outputs_differ_is_refused(factor, differ, monkeypatch):
    """A stand-in for converter and runtime, whose outputs are the function's times a factor."""

    class Session:
        def __init__(self, content, providers):
            pass

        def run(self, names, given):
            return [given["x"].sum(1, keepdims=True) * np.float32(factor)]

    proto = types.SimpleNamespace(SerializeToString=lambda: b"content")
    stand_in = types.SimpleNamespace(to_onnx=lambda *a, **k: proto, InferenceSession=Session)
    monkeypatch.setattr(onnx_file, "require", lambda *words: stand_in)
    scaler = run_of("mlp").facts().x_scaler
    if differ:
        with pytest.raises(UserError, match="differ from JAX's by"):
            onnx_file.function_to_bytes(lambda x: x.sum(1, keepdims=True), 3, scaler)
    else:
        assert onnx_file.function_to_bytes(lambda x: x.sum(1, keepdims=True), 3, scaler) == b"content"
