"""The hunter as a function: tests/mutants/hunter/, run on a subject."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Verdict:
    """What a hunt found. Seconds are of processor time."""

    change: int
    killed: bool
    seconds: float
    operations: int
    found_by: str = ""
    how: str = ""
    clauses: tuple[str, ...] = ()
    commands: int = 0
    commands_before: int = 0
    shrink_seconds: float = 0.0
    report: str = field(default="", repr=False)


class HunterFailed(Exception):
    """The hunter itself did not work."""


@dataclass(frozen=True)
class Hunter:
    program: Path
    traces: tuple[Path, ...]
    seed: int
    seconds: float

    def hunt(self, subject: Path, *options: str) -> Verdict:
        """One verdict."""
        return next(self.hunts(subject, *options))

    def hunts(self, subject: Path, *options: str) -> Iterator[Verdict]:
        """With --changes a verdict for each of them, as it is found."""
        command = [str(self.program), "--subject", str(subject), "--seed", str(self.seed)]
        command += ["--seconds", str(self.seconds), *options, "--traces", *map(str, self.traces)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                fields = json.loads(line)
                fields["clauses"] = tuple(fields.get("clauses", ()))
                yield Verdict(**fields)
            problem = process.stderr.read()
        if process.returncode != 0:
            raise HunterFailed(f"{' '.join(command)}\nexit code {process.returncode}\n{problem}")
