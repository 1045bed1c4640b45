#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Outputs and kernels of GPT-2- and Llama-style blocks against the implementations of Hugging Face's transformers.

    hugging_face.py PHASELAW [--keep DIR]
    hugging_face.py --numbers

For each configuration: a tiny model of transformers with random weights (gains and biases too) in double, saved as
safetensors; `phaselaw kernel --weights` on bytes of a text; then outputs and J J^T by one torch.autograd pass per row.
And back: `phaselaw weights --to` must load strictly and give the same outputs. Tolerance 1e-9, relative.
transformers computes normalisations and rotations in float32 whatever the model's type; here those casts go to double.
--numbers prints the numbers of tests/training/hugging_face_numbers_test.cpp, which stand for this check where torch is not:
parameter i of tensor k (by name, from 0) is 0.4 sin(0.7 i + 1.3 k), on the tokens 3 1 4.
Exit code: 0 agree, 1 differ, 77 skipped because torch or transformers is absent.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
except ImportError as missing:
    print(f"skipped: {missing}; install torch, transformers and numpy to run this check")
    sys.exit(77)

TOLERANCE = 1e-9
SEQ_LEN, VOCAB = 4, 256
TEXT = "In the beginning the weights were without form, and noise was upon the face of the loss. " * 4


def compute_in_double():
    """Casts to float32 become casts to double."""
    to = torch.Tensor.to

    def wide(kind):
        return torch.float64 if kind is torch.float32 else kind

    def cast(tensor, *arguments, **named):
        return to(tensor, *[wide(a) for a in arguments], **{k: wide(v) for k, v in named.items()})

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.Tensor.to = cast
    torch.Tensor.float = torch.Tensor.double


def gpt2(tied):
    config = GPT2Config(vocab_size=VOCAB, n_positions=SEQ_LEN + 3, n_embd=12, n_layer=2, n_head=3, n_inner=20,
                        activation_function="gelu_new", tie_word_embeddings=tied, attn_pdrop=0.0, embd_pdrop=0.0,
                        resid_pdrop=0.0, attn_implementation="sdpa")
    section = {"n_layers": 2, "d_model": 12, "n_heads": 3, "d_head": 4, "d_hidden": 20, "activation": "gelu",
               "norm": "layernorm", "norm_gain": True, "norm_bias": True, "linear_bias": True, "rms_eps": 1e-5,
               "tied_embedding": tied}
    return "gpt2", GPT2LMHeadModel(config), section


def llama(tied, heads=4, kv_heads=2, biases=False):
    config = LlamaConfig(vocab_size=VOCAB, hidden_size=12, intermediate_size=20, num_hidden_layers=2,
                         num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=6, hidden_act="silu",
                         max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=tied,
                         attention_bias=biases, mlp_bias=biases, attn_implementation="sdpa")
    section = {"n_layers": 2, "d_model": 12, "n_heads": heads, "d_head": 6, "n_kv_heads": kv_heads, "d_hidden": 20,
               "activation": "silu", "norm_gain": True, "linear_bias": biases, "mlp": "gated", "positions": "rotary",
               "rotary_base": 10000.0, "rms_eps": 1e-5, "tied_embedding": tied}
    return "llama", LlamaForCausalLM(config), section


CASES = {
    "gpt2, tied": lambda: gpt2(True),
    "gpt2, own output matrix": lambda: gpt2(False),
    "llama, shared heads": lambda: llama(False),
    "llama, one head of keys, tied": lambda: llama(True, kv_heads=1),
    "llama, biases, own heads": lambda: llama(False, heads=2, kv_heads=2, biases=True),
}


def toml(section, text):
    def value(x):
        return str(x).lower() if isinstance(x, bool) else f'"{x}"' if isinstance(x, str) else repr(x)

    fixed = {"seq_len": SEQ_LEN, "vocab": VOCAB, "readout": "tokens", "parametrisation": "standard", "branch_scale": 1.0}
    lines = ["[model]"] + [f"{k} = {value(v)}" for k, v in {**fixed, **section}.items()]
    return "\n".join(lines + ["[data]", 'source = "text"', f'path = "{text}"', "n_data = 2", "n_test = 1", ""])


def frequencies_in_double(model):
    """The rotary frequencies, which are made in float32, by their definition."""
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            i = torch.arange(module.inv_freq.numel())
            module.inv_freq = 10000.0 ** (-i / module.inv_freq.numel())


def randomise(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def state_dict(model):
    """Without the second name of a tied embedding, which safetensors refuses."""
    tied = model.config.tie_word_embeddings
    return {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()
            if not (tied and k == "lm_head.weight")}


def kernel_of(model, tokens):
    parameters = list(model.parameters())
    rows = []
    for sequence in tokens:
        outputs = model(sequence[None]).logits.reshape(-1)
        for i in range(outputs.numel()):
            gradients = torch.autograd.grad(outputs[i], parameters, retain_graph=True, allow_unused=True)
            rows.append(torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1)
                                   for g, p in zip(gradients, parameters)]))
    jacobian = torch.stack(rows)
    return jacobian @ jacobian.T


def relative(found, expected):
    return float((torch.as_tensor(found) - expected).norm() / expected.norm())


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def check(phaselaw, name, case, folder):
    naming, model, section = case()
    model.eval()
    randomise(model)
    frequencies_in_double(model)
    folder.mkdir()
    (folder / "text.txt").write_text(TEXT)
    experiment, weights = folder / "experiment.toml", folder / "weights.safetensors"
    experiment.write_text(toml(section, folder / "text.txt"))
    save_file(state_dict(model), weights)
    run(phaselaw, "kernel", experiment, "--weights", weights, "--out", folder / "kernel", "--quiet")
    tokens = torch.tensor(np.load(folder / "kernel" / "inputs.npy")).long()
    with torch.no_grad():
        expected = model(tokens).logits
    errors = {"outputs": relative(np.load(folder / "kernel" / "outputs.npy"), expected),
              "kernel": relative(np.load(folder / "kernel" / "kernel.npy"), kernel_of(model, tokens))}
    # Back: what the program wrote in its own names, under theirs.
    exported = folder / "exported.safetensors"
    run(phaselaw, "weights", folder / "kernel" / "weights.safetensors", "--to", naming, "--out", exported, "--quiet")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    state = load_file(exported)
    if model.config.tie_word_embeddings:
        state["lm_head.weight"] = state[next(k for k in state if k.endswith(("wte.weight", "embed_tokens.weight")))]
    if "transformer.wpe.weight" in state:  # the program keeps the positions that it uses
        kept = state["transformer.wpe.weight"]
        state["transformer.wpe.weight"] = torch.cat([kept, kept.new_zeros(model.config.n_positions - SEQ_LEN, kept.shape[1])])
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        errors["outputs of the exported weights"] = relative(model(tokens).logits, expected)
    for what, error in errors.items():
        print(f"{name}: {what}: relative error {error:.2e}: {'agrees' if error <= TOLERANCE else 'DIFFERS'}")
    return all(error <= TOLERANCE for error in errors.values())


def numbers():
    """Logits, and entries of the kernel, of two tiny models with weights of a formula."""
    shape = {"vocab_size": 7, "tie_word_embeddings": False, "attn_implementation": "sdpa"}
    models = {
        "gpt2": GPT2LMHeadModel(GPT2Config(n_positions=3, n_embd=6, n_layer=2, n_head=2, n_inner=5,
                                           activation_function="gelu_new", **shape)),
        "llama": LlamaForCausalLM(LlamaConfig(hidden_size=6, intermediate_size=5, num_hidden_layers=2,
                                              num_attention_heads=2, num_key_value_heads=1, head_dim=4,
                                              rms_norm_eps=1e-5, **shape)),
    }
    for name, model in models.items():
        model.eval()
        frequencies_in_double(model)
        with torch.no_grad():
            for k, (_, parameter) in enumerate(sorted(model.named_parameters())):
                i = torch.arange(parameter.numel())
                parameter.copy_((0.4 * torch.sin(0.7 * i + 1.3 * k)).reshape(parameter.shape))
        tokens = torch.tensor([[3, 1, 4]])
        with torch.no_grad():
            print(name, "logits", [repr(float(x)) for x in model(tokens).logits.reshape(-1)])
        kernel = kernel_of(model, tokens)
        print(name, "kernel", repr(float(kernel[0, 0])), repr(float(kernel[0, 20])), repr(float(kernel[9, 13])),
              repr(float(kernel.trace())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phaselaw", type=pathlib.Path, nargs="?")
    parser.add_argument("--numbers", action="store_true", help="print the numbers of the test without torch")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder in which everything stays")
    arguments = parser.parse_args()
    compute_in_double()
    if arguments.numbers:
        numbers()
        return 0
    if arguments.phaselaw is None:
        parser.error("expected the program phaselaw, or --numbers")
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or pathlib.Path(scratch) / "cases"
        root.mkdir(parents=True)
        agree = [check(arguments.phaselaw, name, case, root / str(i)) for i, (name, case) in enumerate(CASES.items())]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
