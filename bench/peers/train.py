"""A train step in PyTorch, eager and compiled, against negativa's.

Forward, cross-entropy of every token, backward and one AdamW step, in float32. All B·T
tokens count.
"""

import peers

flags = peers.enter("torch", "transformers")

import torch
import torch.nn.functional as F

from models import SHAPES, qwen3

torch.set_num_threads(flags.threads)
negativa = peers.Negativa(flags.threads)

BATCHES = {"base": (256, 24), "5m": (32, 128), "125m": (4, 64)}  # B rows of T tokens


def trainer(size: str, compiled: bool) -> peers.Rate:
    torch.manual_seed(1)
    shape, batch = SHAPES[size], BATCHES[size]
    model = qwen3(shape).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    tokens, targets = torch.randint(shape.vocab, (2, *batch))

    def loss() -> torch.Tensor:
        logits = model(input_ids=tokens, use_cache=False).logits
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    forward = torch.compile(loss) if compiled else loss

    def step() -> None:
        forward().backward()
        optimizer.step()
        optimizer.zero_grad()

    return peers.repeat(step, tokens.numel())


def cases():
    for size, (rows, length) in BATCHES.items():
        name = f"train/{size}/{rows}x{length}"
        eager = lambda size=size: trainer(size, compiled=False)
        compiled = lambda size=size: trainer(size, compiled=True)
        yield peers.Case(name, "tok/s", {"torch": eager, "torch.compile": compiled}, negativa.rate(name))


peers.compare(cases(), flags)
