"""What the comparisons share: the environment, negativa's side, and the A-B loop.

A comparison names a work, knows how to measure the peer's rate, and asks negativa for its
own. The two take turns (peer, negativa, peer, negativa, ...), so that whatever else the
machine does falls on both; each turn of the pair gives one ratio, and the table shows the
median of the ratios and their range.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import __main__

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = HERE / ".cache"
ENVIRONMENT = Path(os.path.abspath(os.environ.get("PEERS_VENV", CACHE / "venv")))

Rate = Callable[[float], float]
"""Works for about so many seconds and returns units of work per second."""


class Unavailable(Exception):
    """A side cannot do the work here; the message says why, in one line."""


@dataclass(frozen=True)
class Case:
    """One work, done by peers and by negativa. Of several peers the fastest counts."""

    name: str  # as `negativa bench` calls it
    unit: str
    peers: dict[str, Callable[[], Rate]]  # by label; what makes one ready, warmed up
    negativa: Rate


# The environment.


def enter(*packages: str) -> argparse.Namespace:
    """Goes on inside the throw-away environment, with packages installed, and returns the flags.

    Threads are fixed through the environment of the process, before any library starts its own.
    """
    flags = parse()
    threads = {f"{library}_NUM_THREADS": str(flags.threads) for library in ("OMP", "MKL", "OPENBLAS")}
    inside = ENVIRONMENT.exists() and ENVIRONMENT.samefile(sys.prefix)
    if not inside or not threads.items() <= os.environ.items():
        _install(packages)
        python = str(ENVIRONMENT / "bin" / "python")
        os.execve(python, [python, *sys.argv], os.environ | threads)
    _print_conditions(packages, flags)
    return flags


def parse() -> argparse.Namespace:
    """The flags of a script, whose first comment is its help."""
    parser = argparse.ArgumentParser(description=__main__.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", help="prefixes of names of works; none: all")
    parser.add_argument("--threads", type=int, default=2, help="threads of either side (2)")
    parser.add_argument("--pairs", type=int, default=5, help="turns of either side (5)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a turn (3)")
    return parser.parse_intermixed_args()


def _install(packages: tuple[str, ...]) -> None:
    CACHE.mkdir(exist_ok=True)
    if not ENVIRONMENT.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    print(f"installing {', '.join(packages)} in {ENVIRONMENT}", file=sys.stderr)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "-c", HERE / "requirements.txt", *packages], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"cannot install {', '.join(packages)}: {_complaint(done.stderr)}")


def _complaint(log: str) -> str:
    """pip's first error; what follows is advice."""
    return next((line for line in log.splitlines() if line.startswith("ERROR")), _last_line(log))


def _print_conditions(packages: tuple[str, ...], flags: argparse.Namespace) -> None:
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    print(f"# python {platform.python_version()}, {versions}; {_cpu()}, {flags.threads} threads, "
          f"load {os.getloadavg()[0]:.2f}; {flags.pairs} pairs of turns of {flags.seconds:g} s")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    return next((v.strip() for k, v in fields.items() if k.strip() == "model name"), platform.machine())


# negativa's side.


class Negativa:
    """The program: $NEGATIVA, or what `go build` makes of this checkout."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.binary = os.environ.get("NEGATIVA") or _build()
        try:
            print(f"# {self.run('version').strip()}")
        except (OSError, Unavailable) as e:
            sys.exit(f"cannot run {self.binary}: {e}")

    def run(self, *arguments: str) -> str:
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"negativa {arguments[0]}: {_last_line(done.stderr)}")
        return done.stdout

    def bench(self, pattern: str, seconds: float, dtype: str = "f32") -> dict[str, float]:
        """The rates of the works whose names begin with pattern."""
        out = self.run("bench", pattern, "--json", f"--threads={self.threads}", f"--seconds={seconds:g}", f"--dtype={dtype}")
        return {r["name"]: r["rate"] for r in json.loads(out)["results"]}

    def rate(self, name: str, dtype: str = "f32") -> Rate:
        """The rate of the work of exactly this name."""

        def rate(seconds: float) -> float:
            rates = self.bench(name, seconds, dtype)
            if name not in rates:
                raise Unavailable(f"negativa bench: no work is named {name}")
            return rates[name]

        return rate


def _build() -> str:
    if shutil.which("go") is None:
        sys.exit("cannot build negativa: no go command; name a binary in $NEGATIVA")
    binary = CACHE / "negativa"
    subprocess.run(["go", "build", "-o", binary, "./cmd/negativa"], cwd=ROOT, check=True)
    return str(binary)


# The loop.


def repeat(step: Callable[[], object], work: float) -> Rate:
    """The rate of a step that does so much work; the first call, which warms it up, is not timed."""
    step()

    def rate(seconds: float) -> float:
        start, steps = time.perf_counter(), 0
        while steps == 0 or time.perf_counter() - start < seconds:
            step()
            steps += 1
        return work * steps / (time.perf_counter() - start)

    return rate


def compare(cases: Iterable[Case], flags: argparse.Namespace) -> None:
    """Prints a line for each case that the flags ask for, as soon as it is measured."""
    for case in cases:
        if not flags.works or case.name.startswith(tuple(flags.works)):
            print(f"{case.name:<28} {_compared(case, flags)}", flush=True)


def _compared(case: Case, flags: argparse.Namespace) -> str:
    """Takes turns, and says what came of it for the peer with the best median."""
    ready, why = _ready(case)
    if not ready:
        return f"no peer: {why}"
    rates, own = {label: [] for label in ready}, []
    for _ in range(flags.pairs):
        for label, rate in ready.items():
            rates[label].append(rate(flags.seconds))
        try:
            own.append(case.negativa(flags.seconds))
        except Unavailable as e:
            why = str(e)
    if len(rates) > 1:
        print(f"# {case.name}: {', '.join(f'{label} {_number(r)}' for label, r in rates.items())} {case.unit}")
    best = max(rates, key=lambda label: statistics.median(rates[label]))
    line = f"{best} {_number(rates[best])} {case.unit}   "
    if len(own) < flags.pairs:
        return f"{line}[{min(rates[best]):.4g}, {max(rates[best]):.4g}]   {why}"
    ratios = [b / a for a, b in zip(rates[best], own)]
    return (f"{line}negativa {_number(own)} {case.unit}   "
            f"ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")


def _ready(case: Case) -> tuple[dict[str, Rate], str]:
    """The peers that work here, and what the last of the others died of."""
    ready, why = {}, ""
    for label, prepare in case.peers.items():
        try:
            ready[label] = prepare()
        except Exception as e:  # whatever one dies of, the others go on
            why = f"{label}: {type(e).__name__}: {_last_line(str(e))}"
            if len(case.peers) > 1:
                print(f"# {case.name}: {why}")
    return ready, why


def _number(rates: list[float]) -> str:
    median = statistics.median(rates)
    return f"{median:.0f}" if median >= 1000 else f"{median:.3g}"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
