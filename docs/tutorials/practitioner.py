# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # From a table of finished runs to the next run
#
# The input is a CSV with one row for each finished run: the size of the model, the number of training tokens, and the loss.
# Which law do the runs follow, how certain is it, and what should be trained next? The table here is
# `examples/ladder.csv`: 16 byte-level transformers trained by `phaselaw sweep`.

# %%
from pathlib import Path

import phaselaw

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
table = phaselaw.read_table(here.parent.parent / "examples" / "ladder.csv")
table

# %% [markdown]
# Columns are recognised by their usual names. The following shows which column has which role:

# %%
table.column_of, table.notes

# %% [markdown]
# ## A law, with intervals
#
# Chinchilla's form, $L = E + A N^{-\alpha} + B D^{-\beta}$, is fitted robustly from many starts. Intervals come from refits to
# resampled rows. Read the column *identified* first: 16 runs over one decade of each size cannot distinguish a floor from a
# slow power law, and the table shows this.

# %%
columns = {name: table[name] for name in ("n_params", "tokens", "loss")}  # a pandas or polars frame works alike
fit = phaselaw.fit(columns, "chinchilla", seed=1)
fit

# %%
alpha = fit.parameters["alpha"]
print(f"alpha = {alpha.value:.3f}, 95 % interval [{alpha.lo:.3f}, {alpha.hi:.3f}], identified: {alpha.identified}")
assert alpha.lo < alpha.value < alpha.hi

# %%
ax = phaselaw.plot.fit(fit)

# %% [markdown]
# ## Would another law have predicted better?
#
# The ranking fits every law that the columns allow and orders them by their error in predicting the largest runs from the
# smaller ones.

# %%
ranking = phaselaw.fit(columns, resamples=50, seed=1)
for row in ranking.ranking[:5]:
    print(f"{row['law']:24} off by {100 * row['score']:.2f} % on average")

# %% [markdown]
# ## What to train next
#
# The plan is for ten times the compute of the largest run. The interval of the best size is wide, and the warnings say why:
# this table does not determine the trade-off between size and data. `next_run` names the run that would narrow the interval
# most.

# %%
largest = float(max(6 * table["n_params"] * table["tokens"]))
plan = phaselaw.plan(fit, compute=[largest, 10 * largest], next_run="n_params")
plan

# %%
ax = phaselaw.plot.plan(plan)

# %%
best = plan["next_run"]["best"]
print(f"train {best['n_params']:.3g} parameters on {best['tokens']:.3g} tokens: "
      f"the interval of n_params shrinks to {100 * best['width_ratio']:.0f} % of its width")
assert best["width_ratio"] < 1

# %% [markdown]
# `fit.save("fit.json")` writes everything that `phaselaw plan --fit fit.json` needs. `fit.to_dict()` is the JSON of the program.
