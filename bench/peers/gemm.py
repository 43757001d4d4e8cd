"""C = A·B in float32: MKL (through torch.mm) and OpenBLAS (through numpy) against negativa.

The shapes are those that negativa measures, gemm/f32/MxNxK.
"""

import peers

flags = peers.enter("torch", "numpy")

import re

import numpy
import torch

torch.set_num_threads(flags.threads)
negativa = peers.Negativa(flags.threads)

blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
mkl_version = re.search(r"Math Kernel Library Version (\S+)", torch.__config__.show())
print(f"# torch: {f'MKL {mkl_version[1]}' if mkl_version else 'no MKL'}; numpy: {blas['name']} {blas['version']}")


def shapes() -> list[str]:
    """The names of negativa's products; if it has none, the square one."""
    try:
        return list(negativa.bench("gemm/f32", seconds=0.01))
    except peers.Unavailable:
        return ["gemm/f32/1024x1024x1024"]


def matrices(name: str) -> tuple[numpy.ndarray, numpy.ndarray, float]:
    """A, B and the work of their product, in GFLOP."""
    m, n, k = map(int, name.rsplit("/", 1)[1].split("x"))
    draw = numpy.random.default_rng(1)
    a, b = (draw.standard_normal(s, dtype=numpy.float32) for s in ((m, k), (k, n)))
    return a, b, 2e-9 * m * n * k


def mkl(name: str) -> peers.Rate:
    a, b, work = matrices(name)
    c = torch.empty(a.shape[0], b.shape[1])
    a, b = torch.from_numpy(a), torch.from_numpy(b)
    return peers.repeat(lambda: torch.mm(a, b, out=c), work)


def openblas(name: str) -> peers.Rate:
    a, b, work = matrices(name)
    c = numpy.empty((a.shape[0], b.shape[1]), dtype=numpy.float32)
    return peers.repeat(lambda: numpy.matmul(a, b, out=c), work)


peers.compare(
    (
        peers.Case(name, "GFLOP/s", {label: lambda f=f, name=name: f(name)}, negativa.rate(name))
        for name in shapes()
        for label, f in {"torch": mkl, "numpy": openblas}.items()
    ),
    flags,
)
