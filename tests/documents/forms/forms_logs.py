# SPDX-License-Identifier: Apache-2.0
"""Loss curves as trainers print them. Each function renders one run; a form is a folder with one log for each run."""

import gzip
import re

from registry import form, put
from study import FEW, by_step, text

ROW = "text log"
BOTH = ["train", "val"]


def logs(name, render, study="curves", streams=BOTH, runs=FEW, file="{}.log", pack=None, args=None, stdin=""):
    @form(name, study, args or ["logs"], row=ROW, runs=runs, streams=streams, stdin=stdin)
    def _(folder, all_runs):
        for r in all_runs:
            if r.name in runs:
                content = render(r).encode()
                put(folder, ("" if args else "logs/") + file.format(r.name), pack(content) if pack else content)


def plain(r):
    return "".join(f"step {s} loss {text(t).lower()}\n" for s, t, _ in by_step(r))


def nanogpt(r):
    out = "number of parameters: 10.65M\nusing fused AdamW: True\n"
    for s, t, v in by_step(r):
        if v is not None:
            out += f"step {s}: train loss {t + 0.5:.4f}, val loss {v:.4f}\n"
        out += f"iter {s}: loss {t:.4f}, time {50 + s / 8:.2f}ms, mfu 12.13%\n"
    return out


def with_traceback(r):
    lines = plain(r).splitlines()
    lines[7:7] = ["/opt/env/warnings.py:12: UserWarning: the cache is cold", "  warnings.warn('cold')"]
    return "\n".join(lines) + ("\nTraceback (most recent call last):\n  File \"train.py\", line 88, in <module>\n"
                               "    main()\nRuntimeError: out of memory, tried 2.50 GiB\n")


def megatron(r):
    out = "> building train, validation, and test datasets ...\n"
    for s, t, v in by_step(r):
        out += (f" iteration {s:8}/    1000 | consumed samples: {s * 32:12} | elapsed time per iteration (ms): 410.2 |"
                f" learning rate: 1.000E-04 | global batch size:    32 | lm loss: {t:.6E} | loss scale: 1.0 |"
                f" grad norm: 0.812 | number of skipped iterations:   0 | number of nan iterations:   0 |\n")
        if v is not None:
            out += ("-" * 90 + f"\n validation loss at iteration {s} | lm loss value: {v:.6E} | lm loss PPL: 1.200000E+01 | \n"
                    + "-" * 90 + "\n")
    return out


def llm_c(r):
    """The validation loss of the model after a step stands below the line of this step; the first one is of step 0."""
    out = "+-----------------------+----------------------------------------------------+\n| Parameter | Value |\nval loss 11.010000\n"
    for s, t, v in by_step(r):
        out += (f"step {s:4}/1000 | loss {t:.6f} (-1.21z)| norm 0.8123 (+0.10z)| lr 3.00e-04 | 99.12 ms |"
                f" 45.1% bf16 MFU | 529012 tok/s\n")
        if v is not None:
            out += f"val loss {v:.6f}\n"
    return out


def bars_of_pipes(r):
    return "".join(f"step {s:5} | loss: {t:.6f} | lr 3.0e-04 | norm: 0.8 | dt: 99.1ms | tok/sec: 5,290.5\n"
                   for s, t, _ in by_step(r))


def dicts(r):
    out = ""
    for s, t, v in by_step(r):
        out += f"{{'loss': {text(t).lower()}, 'grad_norm': 1.21, 'learning_rate': 4.9e-05, 'epoch': {s / 1000}}}\n"
        if v is not None:
            out += f"{{'eval_loss': {text(v).lower()}, 'eval_runtime': 12.1, 'epoch': {s / 1000}}}\n"
    return out + "{'train_runtime': 912.1, 'train_samples_per_second': 12.1, 'train_loss': 3.3, 'epoch': 1.0}\n"


def quoted_dicts(r):
    """The same with numbers as text."""
    return re.sub(r": ([-+.\de]+|nan)", r": '\1'", dicts(r))


def dicts_between_bars(r):
    """The same printed through a progress bar that is wiped and drawn again."""
    out = "\r  0%|          | 0/1000 [00:00<?, ?it/s]"
    for line, (s, _, _) in zip((x for x in quoted_dicts(r).splitlines() if "'loss'" in x), by_step(r)):
        for at in (s - 25, s):
            out += f"\r {at // 10:2}%|{'█' * (at // 100):10}| {at}/1000 [00:{at % 60:02}<00:23, 17.09it/s]"
        out += "\r" + " " * 48 + "\r" + line + "\n" + f"\r {s // 10:2}%|{'█' * (s // 100):10}| {s}/1000 [00:20<00:23, 17.09it/s]"
    return out + "\n"


def torchtitan(r):
    out = "[rank0]:2026-01-02 10:00:00,100 - root - INFO - Starting job: debug\n"
    for s, t, _ in by_step(r):
        out += (f"[rank0]:2026-01-02 10:{s // 60:02}:{s % 60:02},120 - root - INFO - \x1b[31mstep: {s:2}  \x1b[32mloss: {t:7.4f}  "
                f"\x1b[38;2;180;60;0mgrad_norm: 1.2345  \x1b[33mmemory: 40.12GiB(50.64%)  \x1b[34mtps: 5,012  "
                f"\x1b[36mtflops: 120.12  \x1b[35mmfu: 38.51%\x1b[39m\n")
    return out


def olmo(r):
    out = ""
    for s, t, v in by_step(r):
        out += (f"2026-01-02 10:00:00.123\thost-1:0\tolmo.train:966\tINFO\t[step={s}/1000,epoch=0]\n"
                f"    optim/learning_rate_group0=0.0003\n    train/CrossEntropyLoss={text(t).lower()}\n"
                f"    throughput/device/tokens_per_second=5012\n")
        if v is not None:
            out += (f"2026-01-02 10:00:09.123\thost-1:0\tolmo.train:970\tINFO\t[eval_step={s},epoch=0]\n"
                    f"    eval/c4/CrossEntropyLoss={text(v).lower()}\n")
    return out


def tqdm(r):
    return "".join(f"\r train: {s // 10:3}%|{'█' * (s // 100):10}| {s}/1000 [{s // 60:02}:{s % 60:02}<10:00, 12.10it/s, "
                   f"loss={text(t).lower()}, lr=0.0003]" for s, t, _ in by_step(r)) + "\n"


def keras(r):
    out = ""
    for i, (_, t, v) in enumerate(by_step(r), 1):
        out += f"Epoch {i}/20\n"
        for batch in (10, 40, 100):
            bar = "=" * (batch // 5) + ">" if batch < 100 else "=" * 21
            out += f"\r{batch:3}/100 [{bar:21}] - ETA: 0s - loss: {t + (100 - batch) / 100:.4f}"
        out += f"\r100/100 [{'=' * 21}] - 3s 3ms/step - loss: {t:.4f} - accuracy: 0.2500\n"
    return out


def keras_3(r):
    """The newer bar: colours, and backspaces before each state."""
    out = ""
    for i, (_, t, _) in enumerate(by_step(r), 1):
        out += f"Epoch {i}/20\n"
        for batch in (1, 10, 40, 100):
            state = (f"\x1b[1m{batch:3}/100\x1b[0m \x1b[32m{'━' * (batch // 5)}\x1b[0m\x1b[37m{'━' * (20 - batch // 5)}\x1b[0m "
                     f"\x1b[1m3s\x1b[0m 31ms/step - accuracy: 0.2500 - loss: {t + (100 - batch) / 100:.4f}")
            out += "\b" * 70 * (batch > 1) + "\r" + state
        out += "\n"
    return out


def logfmt(r):
    return "".join(f"time=2026-01-02T10:00:00Z level=info msg=progress step={s} loss={text(t).lower()} lr=0.0003\n"
                   for s, t, _ in by_step(r))


def ranks(r):
    out = ""
    for s, t, _ in by_step(r):
        for rank in range(4):
            out += f"[rank{rank}]: 2026-01-02 10:00:{s % 60:02} INFO train step={s} loss={text(t).lower()} lr=0.0003\n"
    return out


def json_after_prefix(r):
    return "".join(f'2026-01-02 10:00:00 | INFO | train_inner | {{"epoch": 1, "num_updates": "{s}", '
                   f'"loss": "{text(t).lower()}", "lr": "0.0003"}}\n' for s, t, _ in by_step(r))


def braces(r):
    return "".join(f"[{s}/1000] loss {text(t).lower()} acc 0.25\n" for s, t, _ in by_step(r))


def sentences(r):
    return "".join(f"Step: {s}, Training Loss: {text(t).lower()}\n"
                   + (f"Step: {s}, Validation Loss: {text(v).lower()}\n" if v is not None else "")
                   for s, t, v in by_step(r))


TRAIN = ["train"]
logs("log-plain", plain, streams=TRAIN)
logs("log-nanogpt", nanogpt)
logs("log-traceback", with_traceback, streams=TRAIN)
logs("log-megatron", megatron)
logs("log-llm.c", llm_c)
logs("log-bars", bars_of_pipes, streams=TRAIN)
logs("log-dicts", dicts, study="fractions", runs=["r03", "r20"])
logs("log-dicts-quoted", quoted_dicts, study="fractions", runs=["r03", "r20"])
logs("log-dicts-between-bars", dicts_between_bars, study="fractions", runs=["r03", "r20"], streams=TRAIN)
logs("log-torchtitan", torchtitan, streams=TRAIN)
logs("log-olmo", olmo)
logs("log-tqdm", tqdm, streams=TRAIN)
logs("log-keras-bars", keras, study="epochs", streams=TRAIN, runs=["r03", "r20"])
logs("log-keras-3-bars", keras_3, study="epochs", streams=TRAIN, runs=["r03", "r20"])
logs("log-key-values", logfmt, streams=TRAIN)
logs("log-ranks", ranks, streams=TRAIN)
logs("log-json-after-prefix", json_after_prefix, streams=TRAIN)
logs("log-counter-in-brackets", braces, streams=TRAIN)
logs("log-sentences", sentences)
logs("log-crlf", lambda r: plain(r).replace("\n", "\r\n"), streams=TRAIN)
logs("log-gzip", nanogpt, file="{}.log.gz", pack=lambda b: gzip.compress(b, mtime=0))
logs("log-one-file", nanogpt, runs=["r20"], args=["r20.log"])
logs("log-standard-input", nanogpt, runs=["r20"], args=["-"], stdin="r20.log")
logs("log-restart", nanogpt, runs=["r07"], args=["r07.log"])
logs("log-nan", plain, runs=["r13"], streams=TRAIN, args=["r13.log"])
