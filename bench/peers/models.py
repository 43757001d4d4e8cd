"""The shapes that are compared, as Qwen3 models with random weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    vocab: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int


SHAPES = {
    "base": Shape(28, 96, 256, 3, 3, 1, 32),
    "0.8m": Shape(32, 128, 352, 4, 4, 4, 32),
    "5m": Shape(128, 256, 736, 6, 8, 4, 32),
    "125m": Shape(50257, 768, 2048, 12, 12, 12, 64),
    "0.5b": Shape(151936, 896, 4864, 24, 14, 2, 64),
}

DEVIATION = 0.02  # of the random weights


def qwen3(shape: Shape):
    """transformers' model of this shape, in float32 and without an end token."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=128,
        initializer_range=DEVIATION,
        tie_word_embeddings=True,
        attn_implementation="sdpa",
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    ))
