# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # The tangent kernel of a transformer, and what it implies
#
# This tutorial computes the exact layer-wise kernel $H^{(\nu)} = J_\nu J_\nu^\top$ of a small transformer at initialisation and
# its spectrum, and compares the gradient flow with the prediction of the fixed kernel.

# %%
import numpy as np

import phaselaw

model = phaselaw.Transformer(n_layers=2, seq_len=4, d_model=8, d_hidden=512, n_heads=2, d_head=4, activation="gelu")
theta = model.init(seed=1)
x = np.random.default_rng(0).standard_normal((6, 4, 8))
model

# %% [markdown]
# All parameters are in one vector, described by one table; `views` gives its matrices without copies.

# %%
for block in model.parameters[:6]:
    print(f"{block.name:20} {block.shape}  multiplier {block.multiplier:.4f}")

# %% [markdown]
# ## Derivatives agree with each other
#
# $\langle Jv, u\rangle = \langle v, J^\top u\rangle$ to rounding.

# %%
rng = np.random.default_rng(2)
v, u = rng.standard_normal(model.n_params), rng.standard_normal((6, 4, 8))
left = np.vdot(model.jvp(theta, x, v), u)
right = v @ model.vjp(theta, x, u)
print(left, right)
assert abs(left - right) < 1e-10 * abs(left)

# %% [markdown]
# ## The kernel and its layers
#
# Rows are ordered (sample, token, output coordinate), and the last index varies fastest. No Jacobian is formed. The planner
# says which algorithm it chose and why.

# %%
kernel = phaselaw.tangent_kernel(model, theta, x, detail="layers")
print(kernel.total.shape, list(kernel.parts), kernel.reason, sep="\n")
assert np.allclose(sum(kernel.parts.values()), kernel.total, rtol=1e-12)

# %%
spectrum = kernel.spectrum()
print(f"lambda_min {spectrum.lambda_min:.4g}, lambda_max {spectrum.lambda_max:.4g}, "
      f"condition {spectrum.condition_number:.4g}, effective rank {spectrum.effective_rank:.3g}")
ax = phaselaw.plot.spectrum(spectrum)

# %% [markdown]
# ## Does the kernel change?
#
# `flow` shows the fixed kernel, the exact gradient flow and the training of the same experiment in one frame.

# %%
experiment = {
    "seed": 1,
    "model": {"n_layers": 2, "seq_len": 4, "d_model": 8, "d_hidden": 128, "n_heads": 2, "d_head": 4,
              "activation": "gelu", "init_scale": 0.0, "output_scale": 4.0},
    "data": {"source": "teacher", "teacher_seed": 101, "n_data": 8, "n_test": 64, "noise": 0.1},
    "training": {"optimizer": "gd", "steps": 500, "learning_rate": "auto"},
}
flow = phaselaw.flow(experiment)
for view, curve in flow.curves.items():
    print(f"{view:8} until t = {curve.time[-1]:.3g}: test loss {curve.test_loss[-1]:.4g}")
ax = phaselaw.plot.flow(flow)

# %% [markdown]
# ## The theory at these numbers
#
# `theory` evaluates every definition and bound at given numbers. Where a bound is vacuous, the logarithm shows by how much.

# %%
theory = phaselaw.theory(n_data=8, noise=0.1, n_layers=2, seq_len=4, d_model=8, d_hidden=128,
                         lambda_min=spectrum.lambda_min)
print("log10 of the width that Definition 5.2 asks for:", round(theory["log10_d_hidden_min"], 1))
print("branch scale:", theory.branch_scale)
