"""Compares negativa with its peers: `python bench/peers/run.py [gemm train sample decode rlstep]`.

A work may be narrowed, `train/5m`; none means all. Flags are those of the scripts; `--help`
lists them. A work whose peer cannot be installed is passed over.
"""

import subprocess
import sys
from pathlib import Path

import peers

WORKS = ("gemm", "train", "sample", "decode", "rlstep")

flags = peers.parse()
unknown = [w for w in flags.works if w.split("/")[0] not in WORKS]
if unknown:
    sys.exit(f"no work is named {', '.join(unknown)}; there are {', '.join(WORKS)}")

options = [a for a in sys.argv[1:] if a not in flags.works]
failed = []
for work in WORKS:
    narrowed = [w for w in flags.works if w.split("/")[0] == work]
    if narrowed or not flags.works:
        script = Path(__file__).with_name(f"{work}.py")
        done = subprocess.run([sys.executable, script, *narrowed, *options])
        if done.returncode != 0:
            failed.append(work)
if failed:
    sys.exit(f"not compared: {', '.join(failed)}")
