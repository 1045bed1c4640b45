# SPDX-License-Identifier: Apache-2.0
"""Documents and frames in Python: the same fit as from the file, and the same words as in the program."""

import json

import pytest

import phaselaw
from conftest import EXAMPLES, assert_same

LADDER = EXAMPLES / "ladder.csv"
FIT = dict(law="chinchilla", interval="none")

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")


def numbers(fit):
    """The JSON of a fit without the words about its document: its name, and how it was read."""
    found = fit.to_dict()
    return {key: value for key, value in found.items() if key not in ("data", "reading", "source", "notes")} | {
        "columns": found["data"]["columns"] | {}, "rows": found["n_points"]}


def frame_of(package):
    module = pytest.importorskip(package)
    if package == "pyarrow":
        return pytest.importorskip("pyarrow.csv").read_csv(str(LADDER))
    return module.read_csv(str(LADDER))


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_a_frame_gives_the_fit_of_its_file(package):
    frame = frame_of(package)
    assert_same(numbers(phaselaw.fit(frame, **FIT)), numbers(phaselaw.fit(LADDER, **FIT)))
    table, file = phaselaw.read_table(frame), phaselaw.read_table(LADDER)
    assert table.column_of == file.column_of
    for name in file.columns:
        assert table[name].tolist() == file[name].tolist()


@pytest.mark.parametrize("package, method, name", [
    ("polars", "write_parquet", "runs.parquet"), ("polars", "write_ipc", "runs.feather"),
    ("pandas", "to_excel", "runs.xlsx")])
def test_files_of_other_packages_are_read_by_path(package, method, name, tmp_path):
    if name.endswith("xlsx"):
        pytest.importorskip("openpyxl")
    frame = frame_of(package)
    path = tmp_path / name
    getattr(frame, method)(path, **({"index": False} if package == "pandas" else {}))
    assert_same(numbers(phaselaw.fit(path, **FIT)), numbers(phaselaw.fit(LADDER, **FIT)))


def test_a_damaged_file_of_another_package_is_one_sentence(tmp_path):
    pytest.importorskip("polars")
    (tmp_path / "runs.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(phaselaw.InputError, match=r"runs\.parquet: cannot be read by polars: "):
        phaselaw.read_table(tmp_path / "runs.parquet")
    with pytest.raises(phaselaw.InputError, match=r"none\.xlsx: cannot be read \(No such file"):
        phaselaw.read_table(tmp_path / "none.xlsx")


def test_read_table_says_what_the_program_says(program):
    found = phaselaw.read_table(LADDER)
    assert_same(found.to_dict(), program.json("table", LADDER))
    assert found.notes == program.json("table", LADDER)["notes"]
    assert found.refused == "" and len(found) == len(found["loss"])


def test_the_frame_has_the_columns_of_the_document():
    pandas = pytest.importorskip("pandas")
    frame = phaselaw.read_table(LADDER).frame()
    file = pandas.read_csv(LADDER)
    assert list(frame.columns) == list(file.columns) and len(frame) == len(file)
    assert frame["tokens"].tolist() == file["tokens"].tolist()


def test_a_document_that_no_law_can_read_still_has_a_frame(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("name,size\na,1\nb,2\n")
    table = phaselaw.read_table(path)
    assert "no column with the loss" in table.refused
    assert len(table.frame()) == 2
    with pytest.raises(phaselaw.InputError, match="no column with the loss"):
        table.columns


def test_a_folder_and_several_paths_are_runs(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.log").write_text("".join(
            f"step {s} loss {2 + 9 / s + (name == 'b') / 7:.6f}\n" for s in range(10, 400, 10)))
    folder = phaselaw.diagnose(tmp_path)
    paths = phaselaw.diagnose([tmp_path / "a.log", tmp_path / "b.log"])
    assert [curve["name"] for curve in folder.to_dict()["curves"]] == ["a", "b"]
    drop = {"source", "reading", "data"}
    assert_same({k: v for k, v in paths.to_dict().items() if k not in drop},
                {k: v for k, v in folder.to_dict().items() if k not in drop})


def test_options_of_documents(tmp_path):
    rows = "".join(f"{n} & {d} & {2 + 400 / n**0.34 + 410 / d**0.28:.6f} \\\\\n".replace(".", ",")
                   for n in (10**6, 10**7, 10**8) for d in (10**8, 10**9, 10**10))
    bare = tmp_path / "bare.csv"
    bare.write_text(rows.replace(" & ", ";").replace(" \\\\", ""))
    table = phaselaw.read_table(bare, names="n_params,tokens,loss", decimal=",")
    assert table["n_params"].tolist()[:1] == [1e6] and 2 < table["loss"].max() < 10
    markdown = tmp_path / "notes.md"
    markdown.write_text("| seed | hours |\n|---|---|\n| 1 | 3 |\n| 2 | 5 |\n\nThe runs:\n\n"
                        "| n_params | tokens | loss |\n|---|---|---|\n| 1e6 | 1e9 | 3.1 |\n| 1e7 | 1e9 | 2.9 |\n")
    with pytest.raises(phaselaw.InputError, match="choose one with table=.1."):
        phaselaw.read_table(markdown)
    assert phaselaw.read_table(markdown, table="2")["loss"].tolist() == [3.1, 2.9]


def test_rows_of_a_dict_count_from_1():
    columns = {"N": [1e6, 2e6, 4e6], "D": [1e9, 2e9, 4e9], "loss": [3.0, None, 2.0]}
    assert phaselaw.read_table(columns, col={"loss": "loss"}, where="loss>=0").line == [1, 3]
    assert json.dumps(phaselaw.read_table({"step": [1, 2], "loss": [3.5, 3.25]}).to_dict())
