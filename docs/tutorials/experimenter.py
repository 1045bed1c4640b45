# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # A sweep of small transformers, and the law they follow
#
# A study over data and width with a known teacher, so that the excess risk is known; then the two-stage law of its lower
# envelope in compute.

# %%
import tempfile
from pathlib import Path

import phaselaw

study = {
    "seed": 7,
    "model": {"n_layers": 1, "seq_len": 4, "d_model": 8, "n_heads": 2, "d_head": 4},
    "data": {"source": "teacher", "teacher_seed": 101, "teacher_d_hidden": 32, "n_test": 128, "noise": 0.3},
    "training": {"optimizer": "sgd", "learning_rate": 0.016, "batch": 16, "steps": 600},
    "grid": {"data.n_data": [32, 128, 512], "model.d_hidden": [16, 64], "seeds": 2},
}
folder = Path(tempfile.mkdtemp())
summary = phaselaw.sweep(study, folder / "study.db")
print({key: summary[key] for key in ("runs", "done", "diverged", "already_there")})
assert summary["done"] == 12

# %% [markdown]
# Calling it again resumes: nothing is left to do. Ctrl-C keeps what is finished.

# %%
again = phaselaw.sweep(study, folder / "study.db")
print({key: again[key] for key in ("done", "already_there")})
assert again["done"] == 0

# %% [markdown]
# ## The runs as a table

# %%
runs = phaselaw.load_study(folder / "study.db")
columns = runs.columns()  # pandas.DataFrame(runs.columns()), polars.DataFrame(runs.columns())
print(len(columns["run"]), "measurements:", ", ".join(columns))

# %% [markdown]
# ## The law of the envelope
#
# The lowest excess risk that any run reaches at each compute, with its floor held at 0; intervals resample whole runs.

# %%
fit = phaselaw.fit(folder / "study.db", "two-stage", rows="envelope", fix={"E": 0}, seed=1)
fit

# %% [markdown]
# ## Stages, curve by curve

# %%
for diagnosis in phaselaw.diagnose(folder / "study.db").curves[:4]:
    print(f"{diagnosis['name']}: {diagnosis['stage']}; {diagnosis['next']}")
