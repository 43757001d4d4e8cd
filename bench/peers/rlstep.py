"""A whole RL step with TRL's GRPOTrainer against `negativa train`, from the same model folder.

128 prompts × 8 generations of at most 24 new tokens at temperature 1, a reward that checks
each answer, and 4 mini-batches of one AdamW step each; no KL to a reference. negativa writes
the folder and the prompts. A step begins with sampling and ends with the last update; either
side's first step is not counted.
"""

import peers

flags = peers.enter("trl", "torch", "transformers", "datasets", "accelerate")

import json
import operator
import re
import tempfile
import time
import warnings
from pathlib import Path

import datasets
import torch
import transformers
import trl

warnings.filterwarnings("ignore", category=FutureWarning)
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
datasets.disable_progress_bars()
torch.set_num_threads(flags.threads)
negativa = peers.Negativa(flags.threads)

PROMPTS, GENERATIONS, NEW, MINI_BATCHES = 128, 8, 24, 4
STEPS = 3  # counted in a turn


def train(folder: Path, model: str, steps: int) -> list[dict]:
    """Trains with negativa and returns the metrics of its steps."""
    negativa.run("train", f"--model={model}", "--objective=grpo", "--beta=0", f"--max_steps={steps}",
                 f"--prompts_per_step={PROMPTS}", f"--num_generations={GENERATIONS}", f"--max_completion_length={NEW}",
                 f"--num_mini_batches={MINI_BATCHES}", f"--threads={flags.threads}", "--rollout_steps=1",
                 f"--output_dir={folder}")
    return [json.loads(line) for line in (folder / "metrics.jsonl").open()]


def prompts(run: Path) -> list[str]:
    """The prompts that a run asked, in its order."""
    files = sorted((run / "rollouts").iterdir(), key=lambda f: int(f.stem.removeprefix("step-")))
    samples = (json.loads(line) for f in files for line in f.open())
    return [s["prompt"] for s in samples if s["generation_id"] == 0]


def reward(prompts: list[str], completions: list[str], **_) -> list[float]:
    return [float(correct(p, c)) for p, c in zip(prompts, completions)]


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def correct(prompt: str, completion: str) -> bool:
    """Whether `3*7=21;21-5=16` answers `7,3,5=16:`: each step is true and uses what there is."""
    numbers, target = prompt.removesuffix(":").split("=")
    left = [int(n) for n in numbers.split(",")]
    for step in completion.split(";"):
        parts = re.fullmatch(r"(\d+)([-+*/])(\d+)=(\d+)", step)
        if not parts:
            return False
        a, sign, b, result = int(parts[1]), parts[2], int(parts[3]), int(parts[4])
        for used in (a, b):
            if used not in left:
                return False
            left.remove(used)
        if (sign == "/" and b == 0) or OPERATORS[sign](a, b) != result:
            return False
        left.append(result)
    return left == [int(target)]


class Clock(transformers.TrainerCallback):
    """Times RL steps, each of which is MINI_BATCHES of the trainer's own; the first is not counted."""

    def on_step_begin(self, args, state, control, **_) -> None:
        if state.global_step == MINI_BATCHES:
            self.start = time.perf_counter()

    def on_train_end(self, args, state, control, **_) -> None:
        self.elapsed = time.perf_counter() - self.start


def config(folder: Path) -> trl.GRPOConfig:
    return trl.GRPOConfig(
        output_dir=str(folder), use_cpu=True, bf16=False, gradient_checkpointing=False,
        per_device_train_batch_size=PROMPTS * GENERATIONS // MINI_BATCHES, steps_per_generation=MINI_BATCHES,
        num_generations=GENERATIONS, max_completion_length=NEW, temperature=1.0, beta=0.0, loss_type="grpo",
        learning_rate=1e-4, lr_scheduler_type="constant", max_steps=MINI_BATCHES * (1 + STEPS), seed=1,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
    )


def trl_rate(model: Path, run: Path) -> peers.Rate:
    tokenizer = transformers.AutoTokenizer.from_pretrained(model, padding_side="left")
    tokenizer.pad_token = tokenizer.eos_token
    data = datasets.Dataset.from_dict({"prompt": prompts(run)})

    def rate(_: float) -> float:
        policy = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        trainer = trl.GRPOTrainer(policy, reward, args=config(run / "trl"), train_dataset=data, processing_class=tokenizer)
        trainer.remove_callback(transformers.PrinterCallback)
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        return STEPS / clock.elapsed

    return rate


def negativa_rate(model: Path) -> peers.Rate:
    def rate(_: float) -> float:
        with tempfile.TemporaryDirectory() as folder:
            metrics = train(Path(folder) / "run", str(model), 1 + STEPS)
        return STEPS / sum(m["step_time"] for m in metrics[1:])

    return rate


with tempfile.TemporaryDirectory() as scratch:
    run = Path(scratch) / "run"
    model = run / "checkpoints" / f"step-{1 + STEPS}"

    def ready() -> peers.Rate:
        train(run, "base", 1 + STEPS)
        return trl_rate(model, run)

    name = f"rlstep/base/{PROMPTS}x{GENERATIONS}"
    peers.compare([peers.Case(name, "step/s", {"TRL": ready}, negativa_rate(model))], flags)
