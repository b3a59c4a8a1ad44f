"""What refusals of tables advise may be copied, and is enough: the table is read with it, at the first try."""

import dataclasses
import re
import shlex

import numpy as np
import pytest

import nnjax
from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, ModelConfig
from nnjax.core.fields import field_types
from nnjax.data import prepare

R = range(60)
NUMBERS = "".join(f"{i % 7}.5\n" for i in R).split()
NAMES = [f"id {i}" for i in R]


def column(*cells):
    """Cells [60] of a column, the given ones first."""
    return [*cells, *NUMBERS][:60]


def csv(**columns):
    names = ",".join(f'"{name}"' for name in columns)
    rows = zip(*columns.values(), strict=True)
    return f"{names}\n" + "".join(",".join(map(str, cells)) + "\n" for cells in rows)


Y = [f"{i * 37 % 11}.25" for i in R]
COLUMNS = {  # what is refused -> the cells of one column
    "a word among numbers": column("Total"),
    "a bound": column("<5"),
    "footnotes": [f"{i}.5*" if i % 9 == 0 else f"{i}.5" for i in R],
    "several units": ["5 kg", "7", "900 g"] * 20,
    "per cent in some": ["5%", "6.5%", "7"] * 20,
    "magnitudes": ["$1.2K", "$3.4M", "$950"] * 20,
    "durations": [f"{i % 3}h {i}m" for i in R],
    "open dates": [f"0{i % 9 + 1}/0{i % 7 + 1}/2024" for i in R],
    "dates of two orders": ["31/01/2024", "01/31/2024"] * 30,
    "a word among dates": ["soon", *(f"2024-01-{i % 27 + 1:02d}" for i in R)][:60],
    "a word among times": ["late", *(f"07:{i % 60:02d}" for i in R)][:60],
    "open centuries": ["01/01/55", "31/01/55"] * 30,
    "weeks": [f"2019W{i % 40 + 10}" for i in R],
    "identifiers": NAMES,
    "infinite": column("inf"),
    "infinite both ways": column("-inf", "Infinity"),
    "gaps": column("?", "", "NA"),
    "mostly gaps": [*column("5.5")[:9], *["?"] * 51],
    "empty": [""] * 60,
    "an error of Excel": column("#VALUE!"),
    "open points": ["1.250", "990", "2.125"] * 20,
    "open commas": ['"1,005"', '"2,250"', '"3,125"'] * 20,
}
FIELD = re.compile(
    r"data\.(drop|na_values|missing|decimal|header|target|task)=((?:'[^']*'|\"[^\"]*\"|[^\s'\"();:]|:(?=\S))+)"
)


def remedies(sentence):
    """Read the advice of a sentence: fields that stand side by side go together."""
    found, end = [], None
    for match in FIELD.finditer(sentence):
        field, text = match[1], shlex.split(match[2].rstrip(".,"))[0]
        together = sentence[end : match.start()] == " " if end is not None else False
        found = [*found[:-1], found[-1] | {field: text}] if together else [*found, {field: text}]
        end = match.end()
    return [fields for fields in found if "COLUMN" not in fields.values()]


def config(path, fields, **options):
    hints = field_types(DataConfig)
    given = {name: coerce(text, hints[name], name) for name, text in fields.items()}
    return DataConfig(f"csv:{path}", **({"target": "y"} | options | given))


def read(path, fields, **options):
    return prepare(config(path, fields, **options)).dataset


@pytest.mark.parametrize("missing", ["error", "indicator"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, "a") for kind in COLUMNS]
    + [
        (kind, name)
        for kind in ("a word among numbers", "identifiers", "open dates")
        for name in ("weight (kg)", "income, net", "it's", "1")
    ],
)
def test_each_advice_is_enough(tmp_path, kind, name, missing):
    path = tmp_path / "table.csv"
    path.write_text(csv(**{"c": NUMBERS, name: COLUMNS[kind], "y": Y}), "utf-8")
    try:
        assert len(read(path, {}, missing=missing).x) == 60
        assert kind in ("gaps", "mostly gaps", "empty", "an error of Excel")
        return
    except UserError as error:
        advice = remedies(str(error))
    assert advice
    for fields in advice:
        if fields == {"na_values": "none_of_these"} or (kind == "empty" and fields == {"missing": "drop"}):
            continue
        data = read(path, {"missing": missing} | fields)
        assert np.isfinite(data.x).all()
        assert "c" in data.features


@pytest.mark.slow
def test_each_advice_trains(tmp_path):
    """One epoch with each remedy of each refusal: finite losses and predictions."""
    path, trained = tmp_path / "table.csv", 0
    small = nnjax.Experiment(model=ModelConfig("mlp", widths=(2,)), epochs=1, batch_size=4)
    for kind, cells in COLUMNS.items():
        path.write_text(csv(c=NUMBERS, a=cells, y=Y), "utf-8")
        for missing in ("error", "indicator"):
            try:
                read(path, {}, missing=missing)
                continue
            except UserError as error:
                advice = remedies(str(error))
            for fields in advice:
                if fields == {"na_values": "none_of_these"} or (kind == "empty" and fields == {"missing": "drop"}):
                    continue
                given = config(path, {"missing": missing} | fields)
                run = nnjax.sweep(dataclasses.replace(small, data=given))
                assert np.isfinite(run.table()["train_loss"]).all(), (kind, fields)
                rows = prepare(given).dataset.x
                assert len(rows) > 8
                assert np.isfinite(run.predict(rows)).all(), (kind, fields)
                trained += 1
    assert trained > 40


def test_many_refusals_at_once(tmp_path):
    """Stray cells, identifiers, units and gaps in one table: what the sentence says in all is enough."""
    path = tmp_path / "table.csv"
    columns = {
        "c": column("?"),
        "stray": column("Total"),
        "ids": NAMES,
        "note": NAMES[::-1],
        "kg": COLUMNS["magnitudes"],
    }
    path.write_text(csv(**columns, y=Y), "utf-8")
    with pytest.raises(
        UserError, match=r"Refused too: 'stray', 'kg', 'ids', 'note'; data\.drop=stray,kg,ids,note"
    ) as one:
        read(path, {})
    fields = {"missing": "mean"} | remedies(str(one.value))[-1]
    assert read(path, fields).features == ("c",)
    with pytest.raises(UserError, match=r"'Total'.* Refused too: 'kg', 'ids', 'note'; data\.drop=stray,kg,ids,note"):
        read(path, {}, missing="mean")


def test_the_target_is_not_left_out(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(csv(a=NUMBERS, y=column("5 kg", "900 g")), "utf-8")
    with pytest.raises(UserError, match=r"name another target \(data\.target=COLUMN\)") as caught:
        read(path, {})
    assert "data.drop=y" not in str(caught.value)


def test_usual_texts_and_others_are_missing(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(csv(a=column("?", "Total"), b=column("NA"), y=Y), "utf-8")
    data = read(path, {"na_values": "usual,Total", "missing": "drop"})
    assert len(data.x) == 58


def test_names_with_brackets_and_commas(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(csv(**{"(a)": NUMBERS, "b, c": NUMBERS, "b": NUMBERS, "d": NUMBERS, "y": Y}), "utf-8")
    assert read(path, {"drop": "(a),b, c"}).features == ("b", "d")
    assert read(path, {"columns": "[b,d]"}).features == ("b", "d")
    assert read(path, {"drop": "b,d"}).features == ("(a)", "b, c")
