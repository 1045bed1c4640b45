# SPDX-License-Identifier: Apache-2.0
"""The model of bench_training_step in PyTorch, trained on the same batch from the same weights.

Talks over stdin and stdout, a line each way: "prepare FOLDER" reads a case that `bench_training_step --write` wrote, takes
the first ten steps with each variant and answers their losses and settings; "measure VARIANT SECONDS" answers tokens/s.
VARIANT is one of the names below, a space and the number of threads.

    eager            module calls; packed q, k, v; fused attention, normalisation and AdamW where this release has them
    compile, autotune  torch.compile of the loss, mode default and max-autotune
    bf16 ...         the same under autocast to bfloat16
    vmap, vmap compile (regression only)  eight models at once with torch.func
"""

import contextlib
import json
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "kernel" / "peers"))
from common import read_safetensors  # noqa: E402

N_LOSSES, N_MODELS = 10, 8
HAS_COMPILE = hasattr(torch, "compile")


class Case:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.weights, self.model = read_safetensors(folder / "weights.safetensors")
        self.training = json.loads((folder / "training.json").read_text())
        shape = (self.training["batch"], self.model["seq_len"])
        self.tokens = shape[0] * shape[1]
        self.reads_tokens = self.model["readout"] == "tokens"
        if self.reads_tokens:
            self.x, self.y = (torch.tensor(np.fromfile(folder / f"{name}.i32", "<i4").reshape(shape), dtype=torch.long)
                              for name in ("tokens", "next_tokens"))
        else:
            self.x, self.y = (torch.tensor(np.fromfile(folder / f"{name}.f64", "<f8").reshape(*shape, -1),
                                           dtype=torch.float32) for name in ("x", "y"))


class Model(torch.nn.Module):
    """model/options.h, for the standard parametrisation (multipliers 1) with d_out = d_model or a token readout."""

    def __init__(self, case):
        super().__init__()
        o = self.o = case.model
        assert o["parametrisation"] == "standard" and o["mask"] == "causal" and o["init_scale"] == o["output_scale"] == 1

        def parameter(*names):
            return torch.nn.Parameter(torch.tensor(np.concatenate([case.weights[name] for name in names])))

        names = [f"layers.{layer}." for layer in range(o["n_layers"])]
        self.qkv = torch.nn.ParameterList(parameter(n + "attn.q", n + "attn.k", n + "attn.v") for n in names)
        self.attn_out = torch.nn.ParameterList(parameter(n + "attn.o") for n in names)
        self.up = torch.nn.ParameterList(parameter(n + "mlp.up") for n in names)
        self.down = torch.nn.ParameterList(parameter(n + "mlp.down") for n in names)
        if case.reads_tokens:
            self.embed, self.position, self.out = parameter("embed"), parameter("position"), parameter("out")
        hidden = torch.ones(o["seq_len"], o["seq_len"], dtype=torch.bool).triu(1)
        self.fused_attention = hasattr(F, "scaled_dot_product_attention")
        self.register_buffer("hidden", torch.zeros(hidden.shape).masked_fill(hidden, -1e30), persistent=False)

    def rms(self, x):
        if hasattr(F, "rms_norm"):
            return F.rms_norm(x, (x.shape[-1],), eps=self.o["rms_eps"])
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.o["rms_eps"])

    def attention(self, q, k, v):
        if self.fused_attention:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = q @ k.transpose(-2, -1) * self.o["d_head"] ** -0.5 + self.hidden
        return torch.softmax(scores, -1) @ v

    def activation(self, x):
        return F.gelu(x, approximate="tanh") if self.o["activation"] == "gelu" else F.relu(x)

    def forward(self, x):
        o = self.o
        if o["readout"] == "tokens":
            x = F.embedding(x, self.embed) + self.position
        batch, length, _ = x.shape
        for qkv, out, up, down in zip(self.qkv, self.attn_out, self.up, self.down):
            q, k, v = (F.linear(self.rms(x), qkv).view(batch, length, 3, o["n_heads"], o["d_head"])
                       .permute(2, 0, 3, 1, 4).unbind(0))
            z = self.attention(q, k, v).transpose(1, 2).reshape(batch, length, -1)
            x = torch.add(x, F.linear(z, out), alpha=o["branch_scale"])
            x = torch.add(x, F.linear(self.activation(F.linear(self.rms(x), up)), down), alpha=o["branch_scale"])
        return F.linear(self.rms(x), self.out) if o["readout"] == "tokens" else x

    def loss(self, x, y):
        """The objective: mean nats per token, or squared error per sequence."""
        outputs = self(x)
        if self.o["readout"] == "tokens":
            return F.cross_entropy(outputs.view(-1, outputs.shape[-1]), y.view(-1))
        return F.mse_loss(outputs, y, reduction="sum") / len(y)


def optimizer(case, model, **how):
    t = case.training
    if not t["adamw"]:
        return torch.optim.SGD(model.parameters(), lr=t["learning_rate"], **how)
    return torch.optim.AdamW(model.parameters(), lr=t["learning_rate"], betas=(t["beta1"], t["beta2"]), eps=t["adam_eps"],
                             weight_decay=t["weight_decay"], **how)


def fastest(candidates, seconds_of):
    """The fastest candidate; those that this release does not support are skipped."""
    found = []
    for candidate in candidates:
        with contextlib.suppress(RuntimeError, TypeError, ValueError):
            found.append((seconds_of(candidate), len(found), candidate))
    return min(found)[2]


def median_seconds(call, times=5):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


class Variant:
    """One way to train: `step` makes one update and returns the loss before it."""

    models = 1

    def __init__(self, case, name):
        self.case, self.bf16 = case, name.startswith("bf16")
        self.model = Model(case)
        self.loss = self.model.loss
        if name.endswith("compile"):
            self.loss = torch.compile(self.model.loss, dynamic=False)
        elif name.endswith("autotune"):
            self.loss = torch.compile(self.model.loss, dynamic=False, mode="max-autotune")
        self.optimizer = optimizer(case, self.model)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.loss(self.case.x, self.case.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def choose_optimizer(self):
        """The fastest implementation of the update for these tensors. Steps already taken are forgotten: only speed counts."""

        def seconds_of(how):
            candidate = optimizer(self.case, self.model, **how)
            candidate.step()
            return median_seconds(candidate.step)

        how = fastest([{}, {"foreach": True}, {"foreach": False}, {"fused": True}], seconds_of)
        self.optimizer = optimizer(self.case, self.model, **how)
        return "".join(f"{key}={value}" for key, value in how.items()) or "default"


class ManyModels:
    """The same model eight times, all updated by one call; SGD without momentum."""

    models = N_MODELS

    def __init__(self, case, name):
        self.case = case
        model = Model(case)
        model.fused_attention = False  # it has no rule for vmap
        self.weights = {key: value.detach().expand(N_MODELS, *value.shape).clone()
                        for key, value in model.named_parameters()}

        def loss(weights, x, y):
            error = torch.func.functional_call(model, weights, (x,)) - y
            return (error * error).sum() / len(y)

        self.gradient = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, None, None))
        if name.endswith("compile"):
            self.gradient = torch.compile(self.gradient, dynamic=False)

    def step(self):
        gradients, losses = self.gradient(self.weights, self.case.x, self.case.y)
        torch._foreach_add_(list(self.weights.values()), list(gradients.values()), alpha=-self.case.training["learning_rate"])
        return losses[0]

    def choose_optimizer(self):
        return "foreach"


class Peer:
    def __init__(self, threads, wanted):
        self.threads, self.wanted, self.variants = threads, wanted, {}

    def names(self, case):
        kinds = ["eager"] + (["compile", "autotune"] if HAS_COMPILE else [])
        names = kinds + ["bf16 " + kind for kind in kinds if kind != "autotune"] if case.reads_tokens else kinds
        if not case.reads_tokens and hasattr(torch, "func"):
            names = names + ["vmap", "vmap compile"]
        return [name for name in names if not self.wanted or name in self.wanted]

    def prepare(self, folder):
        case, answer = Case(folder), {}
        self.variants = {}
        if HAS_COMPILE:
            torch.compiler.reset()
        for name in self.names(case):
            torch.set_num_threads(self.threads)
            variant = (ManyModels if name.startswith("vmap") else Variant)(case, name)
            begin = time.perf_counter()
            losses = []
            for _ in range(N_LOSSES):
                losses.append(variant.step().item())
                if name.startswith("bf16") and time.perf_counter() - begin > 20:
                    break
            per_number = 1 if case.reads_tokens else case.y[0].numel()
            how = variant.choose_optimizer()

            facts = {"losses": [loss / per_number for loss in losses], "optimizer": how,
                     "ready_s": round(time.perf_counter() - begin, 1)}
            # Work this small may be slower on two threads than on one.
            for threads in [self.threads] if case.reads_tokens else {1, self.threads}:
                self.variants[f"{name} {threads}"] = (variant, threads)
                answer[f"{name} {threads}"] = facts
        return answer

    def measure(self, name, seconds):
        variant, threads = self.variants[name]
        torch.set_num_threads(threads)
        variant.step()
        taken, begin = [], time.perf_counter()
        while len(taken) < 3 or time.perf_counter() - begin < seconds:
            if taken and time.perf_counter() - begin > 4 * seconds:
                break
            start = time.perf_counter()
            variant.step()
            taken.append(time.perf_counter() - start)
        return {"tokens_per_s": variant.case.tokens * variant.models / float(np.median(taken))}


def main():
    peer = Peer(int(sys.argv[1]), sys.argv[2].split(",") if len(sys.argv) > 2 else [])
    print(json.dumps({"peer": "PyTorch " + torch.__version__}), flush=True)
    for line in sys.stdin:
        command, rest = line.strip().split(" ", 1)
        if command == "prepare":
            answer = peer.prepare(rest)
        else:
            name, seconds = rest.rsplit(" ", 1)
            answer = peer.measure(name, float(seconds))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
