"""llama.cpp, through llama-cpp-python, against negativa: decoding with a 0.5 B Qwen3 shape.

B sequences, one new token each a step, weights in bfloat16 and in float32. llama.cpp is fed
tokens drawn beforehand, so it pays for the logits but not for sampling from them.
"""

import peers

flags = peers.enter("llama-cpp-python", "gguf", "numpy")

import ctypes

import llama_cpp
import numpy

import random_gguf
from models import SHAPES

negativa = peers.Negativa(flags.threads)

NEW = 32  # tokens of a sequence, after which all begin anew


class Decoder:
    """A llama.cpp context that decodes one token of each of its sequences a step."""

    def __init__(self, dtype: str, sequences: int) -> None:
        path = peers.CACHE / f"0.5b-{dtype}.gguf"
        random_gguf.ensure(path, SHAPES["0.5b"], dtype)
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_seq_max = sequences
        params.n_ctx = sequences * 256  # llama.cpp rounds a sequence's share up to 256
        params.n_threads = params.n_threads_batch = flags.threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.batch = llama_cpp.llama_batch_init(sequences, 0, 1)
        self.batch.n_tokens = sequences
        self.tokens = numpy.random.default_rng(1).integers(SHAPES["0.5b"].vocab, size=(NEW, sequences))
        self.position = 0

    def step(self) -> None:
        if self.position == NEW:
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), False)
            self.position = 0
        for i, token in enumerate(self.tokens[self.position]):
            self.batch.token[i] = token
            self.batch.pos[i] = self.position
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = i
            self.batch.logits[i] = True
        self.position += 1
        if llama_cpp.llama_decode(self.context, self.batch) != 0:
            raise peers.Unavailable("llama_decode failed")
        llama_cpp.llama_synchronize(self.context)


@llama_cpp.llama_log_callback
def silent(level: int, text: bytes, data: ctypes.c_void_p) -> None:
    """llama.cpp tells the terminal all about a model it loads."""


def cases():
    for sequences in (1, 64):
        name = f"decode/0.5b/{sequences}"
        for dtype in ("bf16", "f32"):
            decoder = lambda dtype=dtype, n=sequences: peers.repeat(Decoder(dtype, n).step, n)
            yield peers.Case(name, "tok/s", {f"llama.cpp {dtype}": decoder}, negativa.rate(name, dtype))


llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
peers.compare(cases(), flags)
