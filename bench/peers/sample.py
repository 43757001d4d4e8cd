"""transformers' `generate` with its KV cache against negativa's sampler.

256 prompts of 12 random tokens, 32 new tokens each at temperature 1, in float32, nothing
stops early. New tokens count; the time of the prompts is in.
"""

import peers

flags = peers.enter("torch", "transformers")

import torch

from models import SHAPES, qwen3

torch.set_num_threads(flags.threads)
negativa = peers.Negativa(flags.threads)

ROWS, PROMPT, NEW = 256, 12, 32


def sampler(size: str) -> peers.Rate:
    torch.manual_seed(1)
    model = qwen3(SHAPES[size]).eval()
    prompts = torch.randint(SHAPES[size].vocab, (ROWS, PROMPT))
    mask = torch.ones_like(prompts)

    def step() -> None:
        out = model.generate(prompts, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                             max_new_tokens=NEW, use_cache=True, pad_token_id=0)
        assert out.shape == (ROWS, PROMPT + NEW)

    return peers.repeat(step, ROWS * NEW)


def cases():
    for size in ("base", "0.8m", "5m"):
        name = f"sample/{size}/{ROWS}"
        yield peers.Case(name, "tok/s", {"transformers": lambda size=size: sampler(size)}, negativa.rate(name))


peers.compare(cases(), flags)
