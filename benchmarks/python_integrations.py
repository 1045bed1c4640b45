#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What do the integrations log in real trainings, and what do they cost?

python_integrations.py FOLDER [--framework hugging_face|lightning|loop] [--steps N] [--budget SHARE], in the environment
of tests/python/integrations.sh. A small network learns a Markov chain of 64 tokens on the CPU, with a cosine decay. The
values are read back from the files of TensorBoard, Weights & Biases and MLflow, and printed beside the final loss: the
mean of the last 2 % of the training losses.
"""

import argparse
import math
import os
import sys
import time
from pathlib import Path

os.environ.update(CUDA_VISIBLE_DEVICES="", WANDB_MODE="offline", WANDB_SILENT="true", HF_HUB_OFFLINE="1")

import mlflow
import torch
import wandb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/python"))
from watched import mlflow_values, tensorboard_values, wandb_rows

TOKENS, LENGTH, BATCH, PEAK = 64, 32, 16, 3e-3


class Chain(torch.utils.data.Dataset):
    """Sequences of a Markov chain."""

    def __init__(self, n, seed):
        draw = torch.Generator().manual_seed(0)
        transitions = torch.softmax(3 * torch.randn(TOKENS, TOKENS, generator=draw), -1)
        draw.manual_seed(seed)
        self.x = torch.randint(0, TOKENS, (n, 1), generator=draw)
        for _ in range(LENGTH - 1):
            next_tokens = torch.multinomial(transitions[self.x[:, -1]], 1, generator=draw)
            self.x = torch.cat([self.x, next_tokens], 1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"tokens": self.x[i]}


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        wide = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, TOKENS))
        self.layers = torch.nn.Sequential(torch.nn.Embedding(TOKENS, 32), wide)

    def forward(self, tokens):
        outputs = self.layers(tokens[:, :-1])
        return {"loss": torch.nn.functional.cross_entropy(outputs.flatten(0, 1), tokens[:, 1:].flatten())}


def by_hugging_face(folder, steps, budget):
    import transformers

    from phaselaw.integrations.hugging_face import PhaselawCallback

    os.environ.update(WANDB_DIR=str(folder), TENSORBOARD_LOGGING_DIR=str(folder / "board"))
    os.environ.update(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db")
    callback = PhaselawCallback(budget=budget)
    args = transformers.TrainingArguments(
        output_dir=str(folder / "out"), max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=PEAK,
        lr_scheduler_type="cosine", logging_steps=5, report_to=["tensorboard", "wandb", "mlflow"], save_strategy="no",
        use_cpu=True, disable_tqdm=True, remove_unused_columns=False,
    )
    trainer = transformers.Trainer(model=Network(), args=args, train_dataset=Chain(20_000, 1), callbacks=[callback])
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return callback, losses, folder / "board", "train/global_step"


def by_lightning(folder, steps, budget):
    import lightning.pytorch as pl
    from lightning.pytorch import loggers

    from phaselaw.integrations.lightning import PhaselawCallback

    losses = []

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = Network()

        def training_step(self, batch, index):
            loss = self.network(batch["tokens"])["loss"]
            losses.append(loss.item())
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), PEAK)
            cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    board = loggers.TensorBoardLogger(folder, "board")
    store = loggers.MLFlowLogger("chain", tracking_uri=f"sqlite:///{folder}/mlflow.db")
    used = [board, store, loggers.WandbLogger(save_dir=folder, offline=True, project="chain")]
    callback = PhaselawCallback(budget=budget)
    trainer = pl.Trainer(
        max_steps=steps, callbacks=[callback], logger=used, log_every_n_steps=10, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(Chain(20_000, 1), BATCH, shuffle=True))
    return callback, losses, board.log_dir, "trainer/global_step"


def by_loop(folder, steps, budget):
    from torch.utils.tensorboard import SummaryWriter

    from phaselaw.integrations import Watch

    data, network, losses = Chain(20_000, 1).x, Network(), []
    optimizer = torch.optim.Adam(network.parameters(), PEAK)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    with SummaryWriter(folder / "board") as writer, mlflow.start_run(), wandb.init(dir=folder, project="chain") as run:
        watch = Watch(to=steps, log_to=[writer, run, mlflow], budget=budget, schedule={"decay": "cosine"})
        for step in range(1, steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = PEAK * (1 + math.cos(math.pi * step / steps)) / 2
            loss = network(data[torch.randint(0, len(data), (BATCH,))])["loss"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            watch(step, loss, lr=group["lr"])
        watch.finish()
    return watch, losses, folder / "board", "phaselaw/step"


def main():
    trainings = {"hugging_face": by_hugging_face, "lightning": by_lightning, "loop": by_loop}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--framework", choices=trainings, default="loop")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--budget", type=float, default=0.01)
    args = parser.parse_args()
    args.folder.mkdir(parents=True)  # a folder that exists would mix two trainings
    torch.set_num_threads(1)
    begin = time.perf_counter()
    watched, losses, board, step_name = trainings[args.framework](args.folder.resolve(), args.steps, args.budget)
    seconds = time.perf_counter() - begin
    if wandb.run is not None:
        wandb.finish()
    wandb.teardown()
    monitor = watched._monitor
    print(f"{args.framework}: {args.steps} steps in {seconds:.0f} s, {monitor._spent:.2f} s of it in checks; {watched.fault}")
    end = losses[-max(1, len(losses) // 50) :]
    print(f"final loss {sum(end) / len(end):.4f}; state {watched.report.state}; schedule {monitor.schedule}")
    values = {name: tensorboard_values(board, f"phaselaw/forecast{name}") for name in ("", "_low", "_high")}
    for step, value in values[""].items():
        print(f"  step {step:6d}: forecast {value:.4f} [{values['_low'][step]:.4f}, {values['_high'][step]:.4f}]")
    (log,) = args.folder.glob("wandb/offline-run-*/*.wandb")
    in_wandb = {int(row[step_name]) for row in wandb_rows(log) if "phaselaw/forecast" in row}
    database = args.folder / "mlflow.db"
    in_mlflow = set(mlflow_values(database, "phaselaw/forecast")[0])
    known = set(values[""])
    print(f"the same steps in Weights & Biases: {in_wandb == known}, in MLflow: {in_mlflow == known}")
    state = mlflow_values(database, "phaselaw/state")[1]
    print(f"state in MLflow: {state}")


if __name__ == "__main__":
    main()
