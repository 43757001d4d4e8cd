"""GGUF files of Qwen3 models with random weights, for llama.cpp."""

from pathlib import Path

import gguf
import numpy

from models import DEVIATION, Shape

TYPES = {"bf16": gguf.GGMLQuantizationType.BF16, "f32": gguf.GGMLQuantizationType.F32}


def ensure(path: Path, shape: Shape, dtype: str) -> None:
    """Writes the file, whole or not at all, unless it is there."""
    if not path.exists():
        aside = path.with_suffix(".part")
        _write(aside, shape, TYPES[dtype])
        aside.rename(path)


def _write(path: Path, shape: Shape, dtype: gguf.GGMLQuantizationType) -> None:
    file = gguf.GGUFWriter(path, "qwen3", use_temp_file=True)
    _describe(file, shape)
    draw = numpy.random.default_rng(1)
    for name, size in _matrices(shape).items():
        weights = DEVIATION * draw.standard_normal(size, dtype=numpy.float32)
        file.add_tensor(name, gguf.quants.quantize(weights, dtype), raw_dtype=dtype)
    for name, size in _norms(shape).items():
        file.add_tensor(name, numpy.ones(size, dtype=numpy.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _describe(file: gguf.GGUFWriter, shape: Shape) -> None:
    file.add_context_length(1024)
    file.add_embedding_length(shape.hidden)
    file.add_feed_forward_length(shape.intermediate)
    file.add_block_count(shape.layers)
    file.add_head_count(shape.heads)
    file.add_head_count_kv(shape.kv_heads)
    file.add_key_length(shape.head_dim)
    file.add_value_length(shape.head_dim)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_freq_base(10000)
    file.add_vocab_size(shape.vocab)
    file.add_tokenizer_model("no_vocab")


def _matrices(shape: Shape) -> dict[str, tuple[int, int]]:
    """Rows by columns. There is no head: it is the embedding."""
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    block = {
        "attn_q": (queries, shape.hidden),
        "attn_k": (keys, shape.hidden),
        "attn_v": (keys, shape.hidden),
        "attn_output": (shape.hidden, queries),
        "ffn_gate": (shape.intermediate, shape.hidden),
        "ffn_up": (shape.intermediate, shape.hidden),
        "ffn_down": (shape.hidden, shape.intermediate),
    }
    return {"token_embd.weight": (shape.vocab, shape.hidden)} | _blocks(shape, block)


def _norms(shape: Shape) -> dict[str, int]:
    block = {"attn_norm": shape.hidden, "ffn_norm": shape.hidden, "attn_q_norm": shape.head_dim, "attn_k_norm": shape.head_dim}
    return {"output_norm.weight": shape.hidden} | _blocks(shape, block)


def _blocks(shape: Shape, block: dict) -> dict:
    return {f"blk.{i}.{name}.weight": size for i in range(shape.layers) for name, size in block.items()}
