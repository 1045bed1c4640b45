# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # A sweep of small transformers, and the law they follow
#
# This tutorial carries out a study over data and width. Its teacher is known, so the excess risk is known. Then it fits the
# two-stage law to the lower envelope in compute.

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
# A second call resumes; here nothing is left to do. Ctrl-C keeps all finished runs.

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
# The envelope is the lowest excess risk that any run reaches at each compute. Its floor is held at 0, and intervals resample
# whole runs.

# %%
fit = phaselaw.fit(folder / "study.db", "two-stage", rows="envelope", fix={"E": 0}, seed=1)
fit

# %% [markdown]
# ## Stages, curve by curve

# %%
for diagnosis in phaselaw.diagnose(folder / "study.db").curves[:4]:
    print(f"{diagnosis['name']}: {diagnosis['state']}; {diagnosis['next']}")
