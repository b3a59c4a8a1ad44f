"""Small change in, small change out? Trained deep networks under changes of their inputs.

Source: the slides' "small changes in the parameters leads to small changes in the output" (false for the step
function), measured on networks of four hidden layers; gains beside the bound by the layers' spectral norms.

    nnjax study --config=small_changes --workdir=runs/small_changes

Expected: with sigmoid, tanh and ReLU the largest gain does not depend on the size of a small change (random 2.4, 2.3,
2.8; worst direction 44, 32, 29, bounds 255, 196, 167); with the step function it grows from 8 to 740 as the change
shrinks. A tenth of the input's length changes the class of 1 % at random, of 53, 34, 27 % in the worst direction.
Time: some minutes on two shared cores.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.lectures.studies.small_changes.study import SmallChanges


def get_study() -> SmallChanges:
    """Give networks of four hidden layers, three activations, three seeds."""
    return SmallChanges(
        base=Experiment(
            data=DataConfig("mnist5k", validation=0, test=1000),
            model=ModelConfig("mlp", widths=(128, 128, 64, 64)),
            optimizer=OptimizerConfig("adam"),
            loss="categorical_crossentropy",
            batch_size=64,
            epochs=20,
            train_eval_size=0,
            evaluate_test="all",
        ),
        activations={"sigmoid": {}, "tanh": {}, "relu": {"model.kernel_init": "he_normal"}},
        sizes=(0.0001, 0.001, 0.01, 0.03, 0.1),
        seeds=(0, 1, 2),
        limit=500,
    )
