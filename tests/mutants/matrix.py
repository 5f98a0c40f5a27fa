"""The kill matrix: as text while it grows, as JSON, and as the table of docs/catches.md."""

import json
import statistics
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from hunting import Verdict
from patches import Mutant

BEGIN = "<!-- {name}: begin -->"
END = "<!-- {name}: end -->"


@dataclass(frozen=True)
class Row:
    mutant: Mutant
    problem: str  # why there was no hunt; empty if there was
    build_seconds: float
    verdict: Verdict | None

    @property
    def killed(self) -> bool:
        return self.verdict is not None and self.verdict.killed

    @property
    def clause(self) -> str:
        return self.verdict.clauses[0] if self.killed and self.verdict.clauses else ""

    @property
    def as_expected(self) -> bool:
        return self.killed and any(clause in self.mutant.expected for clause in self.verdict.clauses)

    def text(self) -> str:
        """One line for a terminal."""
        name = f"{self.mutant.name:<40}"
        if self.problem:
            return f"{name} {self.problem}"
        verdict = self.verdict
        if not verdict.killed:
            return f"{name} SURVIVED {verdict.operations} operations in {verdict.seconds:.1f} s"
        mark = " " if self.as_expected else "?"
        length = f"{verdict.commands:3d} commands" if verdict.commands else " " * 12
        return (
            f"{name} {self.clause:<8}{mark} {verdict.how:<13} {verdict.seconds:8.3f} s {verdict.operations:9d} operations"
            f" {length}  build {self.build_seconds:4.1f} s  {verdict.found_by}"
        )

    def as_json(self) -> dict:
        row = {
            "mutant": self.mutant.name,
            "origin": self.mutant.origin,
            "effect": self.mutant.effect,
            "expected": list(self.mutant.expected),
            "problem": self.problem,
            "as_expected": self.as_expected,
            "build_seconds": round(self.build_seconds, 2),
        }
        if self.verdict is not None:
            row["verdict"] = asdict(self.verdict)
        return row


def summary(rows: list[Row]) -> str:
    killed = [row for row in rows if row.killed]
    lines = [f"{len(rows)} mutants, {len(killed)} killed, {len(rows) - len(killed)} not"]
    if killed:
        seconds = sorted(row.verdict.seconds for row in killed)
        lengths = [row.verdict.commands for row in killed if row.verdict.commands]
        lines.append(f"seconds to the kill: median {statistics.median(seconds):.3f}, most {seconds[-1]:.3f}")
        if lengths:
            lines.append(f"commands after shrinking: median {statistics.median(lengths):g}, most {max(lengths)}")
        named = sum(row.as_expected for row in killed)
        lines.append(f"clauses: {named} of {len(killed)} as expected")
    return "\n".join(lines)


def markdown(rows: list[Row]) -> str:
    lines = ["| mutant | origin | clause | how | found by | seconds | operations | commands |", "|---|---|---|---|---|---:|---:|---:|"]
    for row in rows:
        verdict = row.verdict
        if not row.killed:
            lines.append(f"| {row.mutant.name} | {row.mutant.origin} | {row.problem or 'survived'} | | | | | |")
            continue
        lines.append(
            f"| {row.mutant.name} | {row.mutant.origin} | {row.clause} | {verdict.how} | {verdict.found_by} "
            f"| {verdict.seconds:.3f} | {verdict.operations} | {verdict.commands or ''} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """The processor and how many of it there are."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    for line in cpuinfo.splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {cpuinfo.count('processor	:')} cores"


def commit(root: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"


def write_json(file: Path, root: Path, rows: list[dict]) -> None:
    report = {"machine": machine(), "commit": commit(root), "mutants": rows}
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def write_between_markers(file: Path, name: str, text: str) -> None:
    """Puts the text in the place of what stands between the markers of that name."""
    content = file.read_text(encoding="utf-8")
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, _, rest = content.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{file} has no {begin} ... {end}")
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
