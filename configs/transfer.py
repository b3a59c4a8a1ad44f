"""Pretrained on another task, or trained here? Digits to Fashion and back, half of the digits to the other half.

Source: the slides' "can upload pretrained models" and their tables of accuracy, parameters, operations and time of
pretrained networks; here both kinds are trained by the same program. Without MNIST's files the digits are
scikit-learn's and Fashion is left out.

    nnjax study --config=transfer --workdir=runs/transfer

Expected: in per cent right with 50, 500 and 5,000 examples, digits to Fashion: from scratch 66, 79, 84, fine-tuning 68,
78, 84, frozen features 57, 69, 74; Fashion to digits: 69, 87, 95; 66, 85, 95; 53, 74, 80. Between halves of the digits
the same: what was learned on other classes hardly helps a dense network, and fixed it harms.
Time: two minutes of computing; some minutes on two crowded cores.
"""

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.lectures.studies.transfer.study import Transfer


def get_study() -> Transfer:
    """Give a network of two hidden layers, three numbers of examples, three seeds."""
    return Transfer(
        base=Experiment(
            model=ModelConfig("mlp", widths=(128, 64), activation="relu"),
            optimizer=OptimizerConfig("adam"),
            loss="categorical_crossentropy",
            batch_size=32,
            train_eval_size=0,
        ),
        limit=6_000,
        test=1_000,
        sizes=(50, 500, 0),
        epochs=(300, 60, 12),
        seeds=(0, 1, 2),
        rate=0.001,
        head_rate=0.01,
    )
