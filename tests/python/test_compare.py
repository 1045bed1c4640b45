# SPDX-License-Identifier: Apache-2.0
"""compare: the program's JSON to the last digit, recipes in every form, and errors as the program words them."""

import numpy as np
import pytest

import phaselaw
from conftest import assert_same

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")


def runs(gain, seed):
    rng = np.random.default_rng(seed)
    compute = np.repeat(np.geomspace(1e18, 1e21, 5), 2)
    loss = (1.7 + 1.5 * (gain * compute / 1e19) ** -0.15) * np.exp(0.002 * rng.standard_normal(10))
    return {"compute": compute, "val_loss": loss}


def write(path, columns):
    with open(path, "w") as file:
        file.write(",".join(columns) + "\n")
        for row in zip(*(np.asarray(column).tolist() for column in columns.values())):
            file.write(",".join(repr(cell) if isinstance(cell, float) else str(cell) for cell in row) + "\n")
    return path


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / "adam.csv", runs(1, 0)), write(tmp_path / "muon.csv", runs(2, 1))


def test_the_program_s_json(files, program):
    found = phaselaw.compare(*files, floor=1.7, at=1e23)
    assert_same(found.to_dict(), program.json("compare", *files, "--floor", "1.7", "--at", "1e23"))


def test_the_answer(files):
    found = phaselaw.compare(*files)
    assert found.baseline == "adam" and len(found) == 1
    one = found.recipes[0]
    assert one.recipe == "muon" and one.outcome == "better"
    assert one.speedup.lo < 2 < one.speedup.hi
    assert repr(found).startswith("muon is better than adam: at 1e21 FLOP, adam needs ")
    assert one.will_it_last.startswith("Will it last: ")
    assert "muon is better than adam" in found._repr_html_()


def test_dicts_pairs_groups_and_fits_are_recipes(files, tmp_path):
    adam, muon = runs(1, 0), runs(2, 1)
    expected = phaselaw.compare(*files).recipes[0].speedup
    assert phaselaw.compare(("a", adam), ("b", muon)).recipes[0].speedup == expected
    assert phaselaw.compare(adam, muon).baseline == "recipe 1"
    table = {name: np.concatenate([adam[name], muon[name]]) for name in adam} | {"optimizer": ["adam"] * 10 + ["muon"] * 10}
    assert phaselaw.compare(table, by="optimizer").recipes[0].speedup == expected
    assert phaselaw.compare(table, by="optimizer", baseline="muon").recipes[0].outcome == "worse"
    fit = phaselaw.fit(files[0], "power", interval="none")
    assert phaselaw.compare(fit, files[1]).recipes[0].speedup == expected


def test_errors_are_the_program_s(files, tmp_path):
    with pytest.raises(phaselaw.InputError, match="expected two recipes or more"):
        phaselaw.compare(files[0])
    other = runs(2, 1)
    train = write(tmp_path / "train.csv", {"compute": other["compute"], "train_loss": other["val_loss"]})
    with pytest.raises(phaselaw.InputError, match="cannot be compared"):
        phaselaw.compare(files[0], train)
    with pytest.raises(phaselaw.InputError, match="unknown recipe 'sgd'"):
        phaselaw.compare(*files, baseline="sgd")
    with pytest.raises(phaselaw.InputError, match="level"):
        phaselaw.compare(*files, level=2)
