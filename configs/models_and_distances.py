"""Do not confuse the distance with the model: the same digits, table and control charts under many of both.

Source: lecture slides, sections 0 and 1; nnjax.data.series names the paper of the control charts.

    nnjax study --config=models_and_distances --workdir=runs/models_and_distances

Expected: nearest neighbors with 87 % (Manhattan) to 92 % (DTW) of the digits right, 91 % (Jaccard) to 98 % (Manhattan)
of the tumors and 74 % (Jaccard) to 99.5 % (DTW) of the control charts; the best models 92, 98 and 97 %.
Time: 1.5 minutes on one core.
"""

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.lectures.studies.models_and_distances.study import ModelsAndDistances


def get_study() -> ModelsAndDistances:
    """Give 1,000 digits, 398 tumors and 300 control charts to learn from, in five splits."""
    return ModelsAndDistances(
        sets={
            "digits": DataConfig("mnist5k", limit=1000, test=1000, validation=0),
            "tumors": DataConfig("breast_cancer", test=0.3, validation=0, scaling="standard"),
            "control charts": DataConfig("synthetic_control:1300", test=1000, validation=0, scaling="none"),
        },
        network=Experiment(
            model=ModelConfig("mlp", widths=(100,)),
            optimizer=OptimizerConfig("adam"),
            hyperparameters=Hyperparameters(learning_rate=0.001),
            batch_size=32,
            epochs=50,
        ),
        seeds=(0, 1, 2, 3, 4),
    )
