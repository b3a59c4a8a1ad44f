"""Printed text of scripts and libraries: "name: number" in many forms."""

import time

import numpy as np
import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError

BY_EPOCH = list(zip(EPOCHS.tolist(), LOSS.tolist(), VAL.tolist(), strict=True))


def printed(form):
    return "".join(form.format(i=i, a=a, b=b) + "\n" for i, a, b in BY_EPOCH)


@pytest.mark.parametrize(
    "form",
    [
        "Epoch [{i}/24], Train Loss: {a:.4f}, Val Loss: {b:.4f}",
        "TRAINING ITERATION {i:02d}: TRAIN AVG.LOSS {a:.4f}, (lrate0.008), CROSSVAL AVG.LOSS {b:.4f}, nnet accepted",
        'INFO | train | {{"epoch": {i}, "train_loss": "{a:.4f}", "train_lr": "0.1"}}\n'
        'INFO | valid | {{"epoch": {i}, "valid_loss": "{b:.4f}"}}',
        "#quality_metric: host=a-1, epoch={i}, train loss <loss>={a:.4f}\n"
        "#quality_metric: host=a-1, epoch={i}, validation loss <loss>={b:.4f}",
        "INFO:tensorflow:loss = {a:.4f}, step = {i}01 (12.3 sec)\n"
        "INFO:tensorflow:Saving dict for global step {i}01: accuracy = 0.5, global_step = {i}01, loss = {b:.4f}",
        "[01 INFO] Step {i}00/9000; acc:  26.11; ppl: {a:.4f}; xent: 2.58; lr: 1.00000;      9 sec\n"
        "[01 INFO] Validation perplexity: {b:.4f}\n[01 INFO] Model is improving ppl: inf --> 5.45281.",
        "Epoch: [{i}/520] Iter:[0/495], Time: 5.02, lr: [0.0180], Loss: {a:.4f}\nEpoch: [{i}/520] val loss: {b:.4f}",
        "epoch {i} train loss: {a:.4f}, val loss = {b:.4f}",
        "  ep  {i:2d}  tr_acc 0.3502  va_acc 0.7575  gap -0.4073   tr_loss {a:.4f}  va_loss {b:.4f}",
        "Epoch: {i}\tTraining Loss: {a:.6f} \tValidation Loss: {b:.6f}",
        "Epoch {i}/24 | train_loss={a:.4f} | val_loss={b:.4f} | lr=1.00e-03 | 2.3s",
        "[Epoch {i}] loss {a:.4f} val_loss {b:.4f}",
        "2025-01-02 10:00:{i:02d},123 - root - INFO - Epoch {i}: train_loss: {a:.4f}, val_loss: {b:.4f}",
        "Epoch {i}: 100%|████| 10/10 [00:01<00:00,  9.13it/s, v_num=0, train_loss={a:.4f}, val_loss={b:.4f}]",
        "Epoch {i:03d} | Loss: {a:.4f} | Val: {b:.4f}",
        "Epoch {i} of 24, Loss(train): {a:.4f}, Loss(val): {b:.4f}",
        "{i:5d} | train {a:.4f} | val {b:.4f}",
        "step {i}00: train loss {a:.4f}, val loss {b:.4f}",
        "[{i}]\ttrain-rmse:{a:.5f}\tval-rmse:{b:.5f}",
        "[{i}]\ttraining's l2: {a:.5f}\tvalid_0's l2: {b:.5f}",
        "{i}:\tlearn: {a:.7f}\ttest: {b:.7f}\tbest: {b:.7f} ({i})\ttotal: 3.1ms\tremaining: 9ms",
        'INFO {{"epoch": {i}, "train_loss": {a:.4f}, "val_loss": {b:.4f}}}',
        "Epoch {i} => train loss {a:.4f}, valid loss {b:.4f}",
        "Training Results - Epoch: {i}  Avg loss: {a:.4f}\nValidation Results - Epoch: {i}  Avg loss: {b:.4f}",
        "Epoch {i}\nTrain: loss {a:.4f}\nVal: loss {b:.4f}",
        "Epoch {i}\n  Train - CE: {a:.4f}, KL: 2.6\n  Val   - CE: {b:.4f}, KL: 3.3\n  -> Saved best (loss: 0.2)",
        "Epoch: {i}, Steps: 132 | Train Loss: {a:.7f} Vali Loss: {b:.7f} Test Loss: 0.33\n"
        "Validation loss decreased (inf --> {b:.6f}).  Saving model ...\n\titers: 100, epoch: {i} | loss: 9.1",
        "Epoch {i}/24\n[====] 100%\tloss: {a:.4f} \tval_loss: {b:.4f}\n"
        "Validation loss decreased (inf --> 1).  Saving model ...",
        "Epoch {i}: 9%|x| 4/48 [00:00<00:38, 1.2it/s, loss=9.9]\rEpoch {i}: train_loss={a:.4f} val_loss={b:.4f}",
        "Epoch {i}\n-----\nloss: {a:>7f}  [    0/60000]\nTest Error: \n Accuracy: 95.1%, Avg loss: {b:>8f} \n",
    ],
)
def test_two_losses(both, form):
    both(printed(form))


@pytest.mark.parametrize(
    "form",
    [
        "Iteration {i}, loss = {a:.8f}",
        "I0101 10:00:00.000000 123 solver.cpp:228] Iteration {i}00, loss = {a:.5f}",
        " {i}: {a:.6f}, {a:.6f} avg loss, 0.001000 rate, 1.400000 seconds, {i} images",
        "{{'loss': {a:.4f}, 'grad_norm': 1.0, 'learning_rate': 5e-05, 'epoch': {i}.0}}",
        "INFO | train | epoch {i:03d} | loss {a:.4f} | ppl 4 | wps 100 | num_updates {i}00 | lr 0.001",
        "[{i},  2000] loss: {a:.4f}",
        "timer: 0.35 sec.\niter {i}0 || Loss: {a:.4f} || /usr/lib/x.py:238: Warning: Creating an ndarray",
        "[train] epoch:{i} iter:0/18 0.00% lr:0.001000 loss:{a:.6f} ETA:0.0min\n[val] epoch:{i} miou:0.48",
        "  1%|x| {i}/99 [00:16<2:14:42, 1.67s/it]\r  {{'loss': {a:.4f}, 'learning_rate': 9e-05, 'epoch': 0.{i:02d}}}",
    ],
    ids=["scikit-learn", "Caffe", "Darknet", "Trainer", "fairseq", "PyTorch", "SSD", "parts", "Trainer with a bar"],
)
def test_one_loss(loaded, form):
    np.testing.assert_allclose(loaded(printed(form)).curves.train_loss, [LOSS], rtol=1e-6)


def test_batches_are_averaged_and_shares_read(loaded):
    """The MNIST example of PyTorch."""
    text = ""
    for i, a, b in BY_EPOCH:
        text += "".join(f"Train Epoch: {i} [{640 * k}/60000 ({k}%)]\tLoss: {a + (k - 1) / 10:.6f}\n" for k in range(3))
        text += f"\nTest set: Average loss: {b:.4f}, Accuracy: {9000 + i}/10000 (90%)\n\n"
    found = loaded(text)
    np.testing.assert_allclose(found.curves.train_loss, [LOSS], rtol=1e-6)
    np.testing.assert_allclose(found.curves.val_loss, [VAL], rtol=1e-6)
    np.testing.assert_allclose(found.curves.val_accuracy, [0.9 + EPOCHS / 1e4])


def test_the_best_so_far_is_no_curve(loaded):
    """The tutorial on transfer learning of PyTorch."""
    text = "".join(
        f"Epoch {i}/23\n----------\ntrain Loss: {a} Acc: 0.5\nval Loss: {b} Acc: 0.6\n\n" for i, a, b in BY_EPOCH
    )
    found = loaded(f"{text}Training complete in 1m 7s\nBest val Acc: 0.954248\n")
    assert found.curves.val_accuracy.tolist() == [[0.6] * 24]
    assert found.curves.train_accuracy.tolist() == [[0.5] * 24]


def test_settings_and_a_last_evaluation_are_no_curves(loaded):
    settings = "INFO - loss_type: ls\nINFO - Epochs: 24\nINFO - label_smoothing: 0.05\nINFO - learning_rate: 0.001\n"
    found = loaded(f"{settings}{printed('INFO - Epoch {i}/24, Loss: {a}')}Final test loss: 0.41\n")
    assert found.curves.train_loss.tolist() == [LOSS.tolist()]
    assert found.curves.val_loss is None
    assert "has 1 value only and is left out" in found.remarks[0]


def test_long_lines_are_read_quickly(loaded):
    """Of a name only the characters before a number are looked at: the square of a line's length took minutes."""
    line = "Warning: creating an ndarray from ragged nested sequences (which is a list or a tuple) is deprecated " * 100
    text = "".join(f"{line}\niter {i} loss: {a}\n" for i, a, _ in BY_EPOCH)
    start = time.process_time()
    assert loaded(text).curves.train_loss.shape == (1, 24)
    assert time.process_time() - start < 3


def test_other_alphabets(both):
    rows = [f"2025-01-02 10:00:00,123 - INFO - 第 {i} 轮, 训练损失: {a}, 验证损失: {b}\n" for i, a, b in BY_EPOCH]
    both("".join(rows).encode("gb18030"))


def test_a_game(loaded):
    found = loaded(printed("[{i}/24][0/100]\tLoss_D: {a:.4f}\tLoss_G: {b:.4f}\tD(x): 0.5\tD(G(z)): 0.4 / 0.3"))
    assert found.games == [True, True]


@pytest.mark.parametrize(
    "text", ["Dear diary,\ntoday I trained.\nIt was good.\n", "import torch\nloss = 0.5\nprint(1)\n"]
)
def test_other_texts(loaded, text):
    with pytest.raises(UserError, match="No curves were recognized"):
        loaded(text)


def test_a_heading_holds_for_the_lines_below_it(loaded):
    """Until the next epoch, or the same curve again: the accuracy is that of validation."""
    form = "== Epoch {i} ==\nLoss: {a:.4f}\nRunning Validation...\n Validation Loss: {b:.4f}\n Accuracy: 0.{i:02d}"
    curves = loaded(printed(form)).curves
    np.testing.assert_allclose(curves.val_accuracy, [EPOCHS / 100])
    np.testing.assert_allclose(curves.train_loss, [LOSS], atol=1e-4)
    assert curves.train_accuracy is None
    again = "".join(f"Loss: {a:.4f}\nTest:\nLoss: {b:.4f}\n" for _, a, b in BY_EPOCH)
    np.testing.assert_allclose(loaded(again).curves.train_loss, [LOSS], atol=1e-4)


def test_three_values_are_three_epochs(loaded):
    """In a text with most epochs left out, which nobody can judge."""
    found = loaded("Epoch 1/50 - Loss: 1.8\nEpoch 2/50 - Loss: 1.5\n...\nEpoch 25/50 - Loss: 0.6\n")
    np.testing.assert_array_equal(found.curves.train_loss, [[1.8, 1.5, 0.6]])


def test_bars_of_batches_are_points_of_an_epoch(loaded):
    """Of tqdm.keras in a log file; a bar of epochs has epoch/s."""
    bars = "".join(f"INFO - 1%|1 | {i}.00/171 [00:00<02:39, 1.07batch/s, loss={a:.4f}]\n" for i, a, _ in BY_EPOCH)
    found = loaded(bars)
    assert "24 points" in found.sources[0]
    np.testing.assert_allclose(found.curves.train_loss, [LOSS], atol=1e-4)


def test_settings_above_printed_text_are_no_header(loaded):
    text = "===building net===\nusing the net of a paper\n" + printed(
        "Epoch: [{i}][10/400]\tTime 5.6 (6.7)\tLoss {a:.4f} (23.97)\na_s,b_s 0.5 0.6\nc_s,d_s 0.0 0.0"
    )
    np.testing.assert_allclose(loaded(text).curves.train_loss, [LOSS], atol=1e-4)
