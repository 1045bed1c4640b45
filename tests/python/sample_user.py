# SPDX-License-Identifier: Apache-2.0
"""A script as a user writes it, for mypy --strict: the types of the package are those of its results."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

import phaselaw
from phaselaw.integrations import Report, Watch


def next_size(table: Path, compute: float) -> tuple[float, float]:
    fit: phaselaw.Fit = phaselaw.fit(table, "chinchilla", loss="test_loss", where=["tokens>1e5"], seed=1)
    alpha: phaselaw.Estimate = fit.parameters["alpha"]
    if alpha.value is None or alpha.lo is None:
        raise phaselaw.InputError("alpha is not known")
    point = phaselaw.plan(fit, compute).points[0]
    size = point.n_params.value
    predicted: npt.NDArray[np.float64] = fit.predict(n_params=[1e6], tokens=[1e8]).value
    return (size if size is not None else 0.0), float(predicted[0])


def smallest_eigenvalue(x: npt.NDArray[np.float64]) -> float:
    model = phaselaw.Transformer(n_layers=2, seq_len=x.shape[1], d_model=x.shape[2], d_hidden=64, n_heads=1, d_head=8)
    theta = model.init(seed=3)
    kernel = phaselaw.tangent_kernel(model, theta, x, detail="layers")
    names: list[str] = [block.name for block in model.parameters]
    assert names and kernel.parts
    return kernel.spectrum().lambda_min


def watch_losses(losses: list[float]) -> str:
    watch = Watch(to=2 * len(losses), stop_on=("diverged",), schedule={"decay": "linear"})
    for step, loss in enumerate(losses, 1):
        if watch(step, loss, lr=1e-3):
            break
    report: Report | None = watch.finish()
    return report.state if report is not None else watch.fault


if __name__ == "__main__":
    print(next_size(Path("ladder.csv"), 1e15))
    print(smallest_eigenvalue(np.random.default_rng(0).standard_normal((4, 3, 8))))
