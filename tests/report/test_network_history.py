"""The section "Inside the network" of a report."""

import numpy as np
from fake_runs import CLASSIFIER, DEMO, fake_run
from page import text_of

from nnjax.core.layer_statistics import LAYER_STATISTICS
from nnjax.report.context import ReportContext
from nnjax.report.sections import network_history
from nnjax.spaces.space import Space


def build_section(run):
    return network_history.build(ReportContext(run))


def looked_into(run, trials=None, **values):
    """Give trials of a made-up run healthy signals, but for some values [p]."""
    healthy = dict(zip(LAYER_STATISTICS, (0.1, 1e-3, 0.1, np.nan, 1.0), strict=True)) | values
    for i in range(len(run.specs)) if trials is None else trials:
        record, layers = run.records[i], len(run.specs[i].experiment.model.widths) + 1
        record.signals = {name: np.tile(np.resize(v, layers), (record.epochs, 1)) for name, v in healthy.items()}
    return run


def test_a_signal_that_is_0_throughout_is_drawn():
    run = looked_into(fake_run(CLASSIFIER), gradient_norm=0.0, activation_variance=0.0)
    assert len(build_section(run)["networks"][0]["charts"]) == 4


def test_no_section_where_nobody_looked():
    run = fake_run(CLASSIFIER)
    assert build_section(run) is None
    assert 'id="network_history"' not in text_of(run)


def test_a_chart_for_each_signal_that_there_is():
    section = build_section(looked_into(fake_run(CLASSIFIER)))
    [network] = section["networks"]
    titles = [chart["title"] for chart in network["charts"]]
    assert titles == ["gradient", "update / weights", "variance", "dead ReLU units"]
    assert [name for name, _ in network["key"]] == ["layer_0", "layer_1"]
    assert network["findings"] == []
    assert section["counts"] == []


def test_findings_stand_in_the_page():
    run = looked_into(fake_run(CLASSIFIER), dead_share=0.9)
    page = text_of(run)
    assert "90% of the ReLU units of layer_0 are 0" in page
    assert "look healthy" not in page
    assert page.count('class="chart-paper"') == 4


def test_a_sweep_shows_three_networks_and_counts_the_findings_of_all():
    """Five settings, of which the second and the fifth were not looked into."""
    run = looked_into(fake_run(space=DEMO), (0, 2, 3), update_ratio=0.5)
    section = build_section(run)
    assert len(section["networks"]) == 3
    assert section["counts"] == ["large updates: 3 of 3 trials looked into"]


def test_a_deep_network_has_a_short_key():
    run = looked_into(fake_run(CLASSIFIER, Space(axes={"widths": ((4,) * 11,)})))
    names = [name for name, _ in build_section(run)["networks"][0]["key"]]
    assert names == ["layer_0", "layer_1", "layer_2", "layer_3", "…", "layer_8", "layer_9", "layer_10", "layer_11"]


def test_zeros_and_gaps_are_drawn_without_a_warning():
    run = looked_into(fake_run(CLASSIFIER), gradient_norm=[0.0, 1e-30], update_ratio=0.0)
    run.records[0].signals["gradient_norm"][1] = np.nan
    assert len(build_section(run)["networks"][0]["charts"]) == 4
