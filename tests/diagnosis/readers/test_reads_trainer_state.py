"""trainer_state.json of Hugging Face's Trainer, written after its documented form (TrainerState.log_history)."""

import json

import numpy as np
from log_curves import EPOCHS, LOSS, VAL


def state(entries, **more):
    return json.dumps({"best_metric": None, "epoch": 24.0, "global_step": 2400, "log_history": entries, **more})


def test_losses_of_steps_are_brought_to_evaluations(both):
    entries = []
    for i, a, b in zip(EPOCHS.tolist(), LOSS.tolist(), VAL.tolist(), strict=True):
        some = [
            (i - 1 + k / 4, a + d, 100 * (i - 1) + 25 * k) for k, d in ((1, 0.03), (2, -0.01), (3, 0.0), (4, -0.02))
        ]
        entries += [
            {"epoch": e, "loss": y, "step": step, "learning_rate": 1e-5, "grad_norm": 1.0} for e, y, step in some
        ]
        entries.append({"epoch": float(i), "eval_loss": b, "eval_runtime": 1.0, "step": 100 * i})
    entries.append({"epoch": 24.0, "train_loss": 0.7, "train_runtime": 60.0, "step": 2400})
    found = both(state(entries))
    assert "train loss = loss, validation loss = eval_loss; 24 points, a value of step" in found.sources[0]


def test_few_evaluations_are_left_out(loaded):
    entries = [{"epoch": k / 100, "loss": 2 * 0.99**k, "step": k} for k in range(1, 301)]
    entries += [{"epoch": float(i), "eval_loss": 0.5, "eval_runtime": 1.0, "step": 100 * i} for i in (1, 2, 3)]
    found = loaded(state(entries))
    assert found.curves.val_loss is None
    np.testing.assert_allclose(found.curves.train_loss[0, :2], [1.98, 1.9602])
    assert "eval_loss of" in found.remarks[0]
