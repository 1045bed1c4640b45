# SPDX-License-Identifier: Apache-2.0
"""Delimited text in every dialect, and numbers in every convention. All hold the table of final losses."""

from registry import delimited, form, put
from study import DIVERGED, HEADER, final_rows, text

ROW = "delimited text"
FILE = ["runs.csv"]


def grouped(number, mark):
    return f"{number:,}".replace(",", mark)


def comma(value):
    return text(value).replace(".", ",")


def table(runs, separator=",", end="\n", header=HEADER, **columns):
    return delimited([header, *final_rows(runs, **columns)], separator, end)


def simple(name, text_of, args=FILE, study="final", encoding="utf-8", **more):
    """A form of one file."""
    file = next(a for a in args if not a.startswith("-") and "." in a and "=" not in a)
    form(name, study, args, row=ROW, **more)(lambda folder, runs: put(folder, file, text_of(runs), encoding))


# Separators, ends of lines, encodings.
simple("comma", table)
simple("tab", lambda r: table(r, "\t"), ["runs.tsv"])
simple("pipe", lambda r: table(r, "|"), ["runs.txt"])
simple("semicolon", lambda r: table(r, ";"))
simple("spaces", lambda r: "".join(" ".join(f"{c:>14}" for c in row).rstrip() + "\n"
                                   for row in [HEADER, *final_rows(r)]), ["runs.txt"])
simple("one-space", lambda r: table(r, " "), ["runs.dat"])
simple("crlf", lambda r: table(r, end="\r\n"))
simple("cr", lambda r: table(r, end="\r"))
simple("bom", lambda r: "\ufeff" + table(r))
simple("utf-16", lambda r: "\ufeff" + table(r, "\t"), encoding="utf-16-le")
simple("utf-16-big", lambda r: "\ufeff" + table(r, end="\r\n"), encoding="utf-16-be")
simple("utf-16-bare", table, encoding="utf-16-le")


@form("latin-1", "final", FILE, row=ROW)
def latin_1(folder, runs):
    rows = [["machine", *HEADER], *([f"Züri-{i % 3}", *row] for i, row in enumerate(final_rows(runs)))]
    put(folder, "runs.csv", delimited(rows), "latin-1")


# What stands around a table.
simple("comments", lambda r: "# my runs\n# second series\n" + table(r[:9]) + "# moved to the other machine\n"
       + delimited(final_rows(r[9:])))
simple("heading-in-comment", lambda r: "# " + table(r))
simple("blank-lines", lambda r: "\n\n" + table(r[:5]) + "\n" + delimited(final_rows(r[5:])) + "\n\n")
simple("title-lines", lambda r: "Scaling study of the spring\nexported by hand\n\n" + table(r))
simple("excel-sep", lambda r: "sep=;\r\n" + table(r, ";", "\r\n", loss=comma))
simple("trailing-delimiters", lambda r: table(r, end=",,\n") + ",,,,,\n")
simple("index-column", lambda r: delimited(
    [["", *HEADER], *([str(i), *row] for i, row in enumerate(final_rows(r)))]))
simple("unnamed-index", lambda r: delimited(
    [["Unnamed: 0", *HEADER], *([str(i), *row] for i, row in enumerate(final_rows(r)))]))
simple("quoted", lambda r: delimited([[f'"{c}"' for c in row] for row in [HEADER, *final_rows(r)]]))
simple("quoted-newlines", lambda r: delimited(
    [["note", *HEADER], *([f'"first, ""second""\nthird {i}"', *row] for i, row in enumerate(final_rows(r)))]))
simple("names-in-words", lambda r: table(r, header=["run", "model size", "training tokens", "validation loss"]))
simple("short-names", lambda r: table(r, header=["run", "N", "D", "L"]))
simple("no-heading", lambda r: delimited(row[1:] for row in final_rows(r)),
       words=["--names"], then=[["--names", "n_params,tokens,loss"]])
simple("names-given", lambda r: delimited(row[1:] for row in final_rows(r)),
       [*FILE, "--names", "n_params,tokens,loss"])
simple("two-loss-columns", lambda r: delimited(
    [[*HEADER, "loss"], *([*row, row[3] + "1"] for row in final_rows(r))]),
    words=["loss"], then=[])
simple("two-sizes", lambda r: delimited(
    [["run", "params", "non_embedding_params", "tokens", "loss"],
     *([row[0], row[1], str(int(row[1]) * 3 // 4), *row[2:]] for row in final_rows(r))]),
    words=["params", "non_embedding_params", "--col"], then=[["--col", "n_params=params"]])

# Numbers.
for cell in ("NaN", "nan", "inf"):
    simple(f"not-finite-{cell}", lambda r, cell=cell: delimited(
        [HEADER, *([*row[:3], cell if row[0] == DIVERGED else row[3]] for row in final_rows(r))]), study="finite",
        words=["--where"], then=[["--where", "loss<1e9" if cell == "inf" else "loss>=0"]])
for i, cell in enumerate(("", "NA", "n/a", "null", "-", "--", "None")):
    simple(f"missing-{i}", lambda r, cell=cell: delimited(
        [HEADER, *([*row[:3], cell if row[0] == DIVERGED else row[3]] for row in final_rows(r))]), study="finite")
simple("decimal-comma", lambda r: table(r, ";", loss=comma))
simple("decimal-comma-three", lambda r: table(r, "\t", loss=lambda v: f"{v:.3f}".replace(".", ",")), ["runs.tsv"],
       words=["--decimal"], then=[["--decimal", ","]])
simple("thousands-comma", lambda r: table(r, n_params=lambda x: f'"{grouped(x.n_params, ",")}"',
                                          tokens=lambda x: f'"{grouped(x.tokens, ",")}"'))
simple("thousands-dot", lambda r: table(r, ";", n_params=lambda x: grouped(x.n_params, "."),
                                        tokens=lambda x: grouped(x.tokens, "."), loss=comma))
simple("thousands-space", lambda r: table(r, "\t", n_params=lambda x: grouped(x.n_params, " "),
                                          tokens=lambda x: grouped(x.tokens, "\u202f")), ["runs.tsv"])
simple("thousands-apostrophe", lambda r: table(r, ";", n_params=lambda x: grouped(x.n_params, "'"),
                                               tokens=lambda x: grouped(x.tokens, "'")))
simple("thousands-underscore", lambda r: table(r, n_params=lambda x: f"{x.n_params:_}",
                                               tokens=lambda x: f"{x.tokens:_}"))
simple("scientific", lambda r: table(r, n_params=lambda x: f"{x.n_params:.3E}", tokens=lambda x: f"{x.tokens:.2e}",
                                     loss=lambda v: f"{v:.3E}"))
simple("powers-of-ten", lambda r: table(r, n_params=lambda x: f"{x.size_m / 10:g} x 10^7",
                                        tokens=lambda x: f"{x.tokens_m / 100:g}×10⁸"))
simple("counts", lambda r: table(r, n_params=lambda x: f"{x.size_m}M",
                                 tokens=lambda x: f"{x.tokens_m / 1000:g}B"))
simple("counts-with-words", lambda r: table(r, n_params=lambda x: f"{x.size_m} M",
                                            tokens=lambda x: f"{x.tokens_m / 1000:g}B tokens"))
simple("about", lambda r: table(r, n_params=lambda x: f"~{x.size_m}M", tokens=lambda x: f"≈{x.tokens}"))
simple("bold", lambda r: table(r, loss=lambda v: f"**{text(v)}**" if v < 3 else text(v)))
simple("standard-error", lambda r: table(r, ";", loss=lambda v: f"{v:.3f} ± 0.012"))
simple("standard-error-ascii", lambda r: table(r, loss=lambda v: f"{v:.3f} +- 0.012"))
simple("standard-error-digits", lambda r: table(r, loss=lambda v: f"{v:.3f}(12)"))
simple("minus-sign", lambda r: table(r, header=[*HEADER[:3], "loglik"], loss=lambda v: "\u2212" + text(v)), [*FILE, "--col", "loss=-loglik"])
simple("percent", lambda r: table(r, loss=lambda v: f"{v * 10:.10g}%"), study="error")
simple("percent-comma", lambda r: table(r, ";", loss=lambda v: "NaN" if v != v else
                                        f"{v * 10:.10g} %".replace(".", ",")), study="error")

# Units in headings, and units that are nowhere.
MILLIONS = {"n_params": lambda x: str(x.size_m), "tokens": lambda x: f"{x.tokens_m / 1000:g}"}
for name, size, seen in (("units-round", "n_params (M)", "tokens (B)"), ("units-square", "params [M]", "tokens [B]"),
                         ("units-power", "params (1E6)", "tokens (1e9)"), ("units-suffix", "params_M", "tokens_B"),
                         ("units-in-words", "params (millions)", "tokens (billions)")):
    simple(name, lambda r, h=["run", size, seen, "loss"]: table(r, header=h, **MILLIONS))
simple("units-nowhere", lambda r: table(r, n_params=MILLIONS["n_params"]),
       words=["n_params", "--scale"], then=[["--scale", "n_params=1e6"]])
simple("expression", lambda r: table(r, header=["run", "size", "seen", "loglik"], **MILLIONS,
                                     loss=lambda v: text(-v)),
       [*FILE, "--col", "n_params=size*1e6", "tokens=seen*1e9", "loss=-loglik"])
