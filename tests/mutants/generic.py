"""Hunts mechanical changes (changes.py) and reckons a score per file.

First every change is hunted for a short time; on those that survived the unit tests of the implementation are run; what
survives those is hunted for a longer time. A survivor that equivalent.txt explains counts neither as killed nor as
survived: it is no bug.
"""

import json
import random
import re
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from changes import Change, Changes, find_changes
from hunting import Hunter, Verdict
from subjects import Builder, DoesNotCompile

MOST_ROUNDS = 40
# For the unit tests, which take a few seconds without a change.
UNIT_TEST_SECONDS = 30
# Sanitizers reserve addresses without end, so it is the memory in use that is limited.
SANITIZERS = "hard_rss_limit_mb=4096:allocator_may_return_null=1:detect_stack_use_after_return=0"
# Changes of kinds that the compiler would stop at for their form alone.
OPTIONS = ("-Wno-c++11-narrowing", "-Wno-invalid-constexpr", "-ferror-limit=0", "-fno-caret-diagnostics")


@dataclass(frozen=True)
class Result:
    change: Change
    verdict: Verdict
    reason: str  # why it is equivalent; empty if nobody said so

    @property
    def kind(self) -> str:
        if self.verdict.killed:
            return "killed"
        return "equivalent" if self.reason else "survived"


@dataclass(frozen=True)
class Reason:
    """A line of equivalent.txt: changes of lines that have the text, and of that description."""

    file: str
    text: str
    what: str
    reason: str

    def explains(self, change: Change) -> bool:
        return change.file == self.file and self.text in change.text and re.fullmatch(self.what, change.what) is not None


def read_reasons(file: Path) -> list[Reason]:
    """FILE | TEXT OF THE LINE | WHAT, a regular expression | WHY, a line each; # begins a comment."""
    reasons = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, text, what, reason = (part.strip() for part in line.split(" | "))
        reasons.append(Reason("impl/host/" + name, text, what, reason))
    return reasons


@dataclass(frozen=True)
class Made:
    """The implementation with every change that compiles compiled in, for the hunter and with its unit tests."""

    changes: Changes
    dropped: set[int]  # those that do not compile
    subject: Path
    unit_tests: Path


def make(builder: Builder, unit_tests: Builder, root: Path, folder: Path) -> Made:
    """What was made of the same changes before is taken as it is."""
    overlay, noted = folder / "source", folder / "dropped.json"
    options = (*OPTIONS, "-include", str(root / "tests/mutants/hunter/change.hpp"))
    changes = find_changes(root, builder.together(folder), builder.arguments(), "impl/host")
    print(f"{len(changes.changes)} changes found", flush=True)
    made = [(builder, folder / "subject.so"), (unit_tests, folder / "unit_tests/unit_tests")]
    key = changes.digest(overlay)
    if noted.is_file() and all(is_newer(output, part.unmutated) for part, output in made):
        before = json.loads(noted.read_text(encoding="utf-8"))
        if before["changes"] == key:
            return Made(changes, set(before["dropped"]), *(output for _, output in made))
    dropped: set[int] = set()
    for _ in range(MOST_ROUNDS):
        changed = changes.write(overlay, dropped)
        try:
            for part, output in made:
                part.check_all(overlay, changed, output.parent, *options)
            break
        except DoesNotCompile as problem:
            more = changes.to_drop(overlay, str(problem)) - dropped
            if not more:
                raise
            dropped |= more
    print(f"{len(dropped)} changes do not compile", flush=True)
    for part, output in made:
        part.make_all(overlay, changed, output, *options)
    noted.write_text(json.dumps({"changes": key, "dropped": sorted(dropped)}), encoding="utf-8")
    return Made(changes, dropped, *(output for _, output in made))


def is_newer(file: Path, than: Path) -> bool:
    return file.is_file() and file.stat().st_mtime > than.stat().st_mtime


def run_unit_tests(program: Path, change: int) -> str:
    """Runs the unit tests of the implementation with that change: the first that fails, or how they ended, or nothing."""
    try:
        done = subprocess.run(
            [program, "--gtest_brief=1", "--gtest_fail_fast"],
            env={"KVSPEC_CHANGE": str(change), "ASAN_OPTIONS": SANITIZERS}, capture_output=True, text=True,
            errors="replace", check=False, timeout=UNIT_TEST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "hang"
    if done.returncode == 0:
        return ""
    failed = re.search(r"^\[  FAILED  \] (\S+)", done.stdout, re.MULTILINE)
    if failed:
        return failed.group(1).rstrip(",")
    report = re.search(r"^SUMMARY: (.*)$", done.stderr, re.MULTILINE)
    return report.group(1) if report else f"exit code {done.returncode}"


class GenericRun:
    """Finds, chooses and hunts the changes."""

    def __init__(self, builder: Builder, root: Path, hunter: Hunter, reasons: list[Reason], workers: int):
        self.hunter = hunter
        self.workers = workers
        self.reasons = reasons
        unit_tests = Builder(root, builder.build, builder.jobs, "mutant_unit_tests")
        self.made = make(builder, unit_tests, root, builder.build / "mutants/generic")

    def choose(self, file: str | None, sample: int | None, seed: int, again: Path | None) -> list[Change]:
        """`again`: what write_json wrote; only what survived there, as far as it is still there."""
        chosen = [c for c in self.made.changes.changes if c.number not in self.made.dropped and (not file or file in c.file)]
        if again is not None:
            before = json.loads(again.read_text(encoding="utf-8"))
            survived = {identity(result["change"]) for result in before if result["kind"] == "survived"}
            chosen = [change for change in chosen if identity(asdict(change)) in survived]
        if sample is not None and sample < len(chosen):
            chosen = sorted(random.Random(seed).sample(chosen, sample), key=lambda change: change.number)
        return chosen

    def run(self, chosen: list[Change], short_seconds: float, long_seconds: float) -> list[Result]:
        # Switches that are all off change nothing, or everything would be killed.
        companion = Hunter(self.hunter.program, self.hunter.traces, self.hunter.seed, 2 * short_seconds)
        unchanged = companion.hunt(self.made.subject, "--changes", "0")
        if unchanged.killed:
            raise RuntimeError(f"the implementation is killed without any change:\n{unchanged.report}")
        print(f"without any change: survives {unchanged.operations} operations", flush=True)
        if failed := run_unit_tests(self.made.unit_tests, 0):
            raise RuntimeError(f"the unit tests fail without any change: {failed}")
        verdicts = self._hunt(chosen, short_seconds)
        verdicts |= self._run_unit_tests(self._survivors(chosen, verdicts))
        if long_seconds > short_seconds:
            verdicts |= self._hunt(self._survivors(chosen, verdicts), long_seconds)
        return [Result(change, verdicts[change.number], self._reason(change)) for change in chosen]

    def _survivors(self, chosen: list[Change], verdicts: dict[int, Verdict]) -> list[Change]:
        return [change for change in chosen if not verdicts[change.number].killed and not self._reason(change)]

    def _run_unit_tests(self, chosen: list[Change]) -> dict[int, Verdict]:
        """The verdicts of those that they kill."""
        print(f"{len(chosen)} changes, unit tests", flush=True)
        with ThreadPoolExecutor(self.workers) as pool:
            failed = list(pool.map(lambda change: run_unit_tests(self.made.unit_tests, change.number), chosen))
        return {
            change.number: Verdict(change.number, True, 0.0, 0, found_by="unit tests", how=how)
            for change, how in zip(chosen, failed)
            if how
        }

    def _reason(self, change: Change) -> str:
        return next((reason.reason for reason in self.reasons if reason.explains(change)), "")

    def _hunt(self, chosen: list[Change], seconds: float) -> dict[int, Verdict]:
        if not chosen:
            return {}
        print(f"{len(chosen)} changes, {seconds:g} s each at most", flush=True)
        hunter = Hunter(self.hunter.program, self.hunter.traces, self.hunter.seed, seconds)
        by_number = {change.number: change for change in chosen}

        def hunt_share(share: list[Change]) -> dict[int, Verdict]:
            numbers = ",".join(str(change.number) for change in share)
            verdicts = {}
            for verdict in hunter.hunts(self.made.subject, "--as-found", "--hang-seconds", "1", "--changes", numbers):
                verdicts[verdict.change] = verdict
                if not verdict.killed:
                    print(f"  survived: {text_of(by_number[verdict.change])}", flush=True)
            return verdicts

        shares = [chosen[i :: self.workers] for i in range(min(self.workers, len(chosen)))]
        with ThreadPoolExecutor(self.workers) as pool:
            return {number: verdict for share in pool.map(hunt_share, shares) for number, verdict in share.items()}

    def stale_reasons(self, results: list[Result]) -> list[Reason]:
        """Those that no survivor needs any more."""
        survived = [result.change for result in results if not result.verdict.killed]
        return [reason for reason in self.reasons if not any(reason.explains(change) for change in survived)]


def identity(change: dict) -> tuple[str, str, str]:
    """What stays of a change when lines move: all changes of its kind in equal lines of a file."""
    return change["file"], change["text"], change["what"]


def text_of(change: Change) -> str:
    return f"{change.number} {change.file}:{change.line}: {change.what}: {change.text}"


def scores(results: list[Result]) -> list[tuple[str, int, int, int]]:
    """(file, killed, survived, equivalent), the sum last."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for result in results:
        for name in (result.change.file, "all"):
            counts[name][result.kind] += 1
    names = sorted(name for name in counts if name != "all") + ["all"]
    return [(n, counts[n]["killed"], counts[n]["survived"], counts[n]["equivalent"]) for n in names]


def table(results: list[Result]) -> str:
    lines = ["| file | changes | killed | survived | equivalent | score |", "|---|---:|---:|---:|---:|---:|"]
    for name, killed, survived, equivalent in scores(results):
        score = f"{100 * killed / (killed + survived):.1f} %" if killed + survived else ""
        lines.append(f"| {name} | {killed + survived + equivalent} | {killed} | {survived} | {equivalent} | {score} |")
    return "\n".join(lines)


def as_json(results: list[Result]) -> list[dict]:
    return [
        {"change": asdict(r.change), "kind": r.kind, "reason": r.reason, "verdict": asdict(r.verdict)} for r in results
    ]


def write_json(file: Path, results: list[Result]) -> None:
    file.write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")
