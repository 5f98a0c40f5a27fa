#!/usr/bin/env python3
"""Puts known bugs into the host implementation, one at a time, and hunts them: the kill matrix.

`./dev mutants` builds what this needs and calls it. The catalogue is tests/mutants/catalogue/, the hunter
tests/mutants/hunter/; docs/catches.md says how to add a mutant and how to read what comes out.

Exit code: 0 when every mutant and the canary died and the unmutated implementation survived; 1 when not, or when a
patch is stale; 2 when nothing could be hunted.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import generic
import matrix
from hunting import Hunter, HunterFailed, Verdict
from matrix import Row
from patches import Mutant, Stale, apply, read_catalogue
from subjects import Builder, DoesNotCompile

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary"
# The unmutated implementation is hunted for so long, and must survive.
COMPANION_SECONDS = 6.0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant, or those whose names begin so")
    parser.add_argument("--seed", type=int, default=1, help="of the random traffic (default 1)")
    parser.add_argument("--seconds", type=float, default=120, help="processor time to hunt each (default 120)")
    parser.add_argument("--jobs", type=int, default=1, help="compilers at a time for each (default 1)")
    parser.add_argument("--workers", type=int, default=1, help="hunts at a time (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the matrix as JSON")
    parser.add_argument("--docs", action="store_true", help="write the matrix into docs/catches.md")
    parser.add_argument("--report", action="store_true", help="print each shrunk counterexample")
    generic = parser.add_argument_group("mechanical changes instead of the catalogue")
    generic.add_argument("--generic", action="store_true", help="hunt them and print a score per file")
    generic.add_argument("--file", metavar="PART", help="of files whose path has this in it")
    generic.add_argument("--sample", type=int, metavar="N", help="N of them, drawn with --seed")
    generic.add_argument("--again", type=Path, metavar="FILE", help="those that survived in this JSON of a run before")
    generic.add_argument("--short", type=float, default=3, help="processor time to hunt each at first (default 3)")
    generic.add_argument("--long", type=float, default=20, help="and those that survive (default 20)")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", help="the build folder of CMake")
    return parser.parse_args()


def hunt_mutant(mutant: Mutant, builder: Builder, hunter: Hunter) -> Row:
    folder = builder.build / "mutants" / mutant.name
    subject = folder / "subject.so"
    try:
        changed = apply(mutant, ROOT, folder / "source")
        build_seconds = builder.make(folder / "source", changed, subject)
    except Stale as problem:
        return Row(mutant, f"STALE: {problem}", 0.0, None)
    except DoesNotCompile as problem:
        return Row(mutant, f"DOES NOT COMPILE:\n{problem}", 0.0, None)
    return Row(mutant, "", build_seconds, hunter.hunt(subject))


def chosen(mutants: list[Mutant], only: list[str] | None) -> list[Mutant]:
    """The canary is always among them."""
    if not only:
        return mutants
    return [mutant for mutant in mutants if mutant.name == CANARY or mutant.name.startswith(tuple(only))]


def companion_survives(hunter: Hunter, builder: Builder) -> bool:
    verdict: Verdict = Hunter(hunter.program, hunter.traces, hunter.seed, COMPANION_SECONDS).hunt(builder.unmutated)
    if verdict.killed:
        print(f"the unmutated implementation was killed: {verdict.found_by}: {verdict.how} {verdict.clauses}")
        print(verdict.report)
        return False
    print(f"{'(unmutated)':<40} survives {verdict.operations} operations in {verdict.seconds:.1f} s", flush=True)
    return True


def run(arguments: argparse.Namespace) -> int:
    builder = Builder(ROOT, arguments.build.resolve(), arguments.jobs)
    program = builder.build / "tests/mutants/mutant_hunter"
    traces = tuple(sorted((ROOT / "tests/golden").glob("*.jsonl")))
    hunter = Hunter(program, traces, arguments.seed, arguments.seconds)
    if arguments.generic:
        return run_generic(arguments, builder, hunter)
    mutants = chosen(read_catalogue(ROOT / "tests/mutants/catalogue"), arguments.only)
    if arguments.only and len(mutants) < 2 and CANARY not in arguments.only:
        print(f"no mutant is called {' or '.join(arguments.only)}", file=sys.stderr)
        return 2

    survives = companion_survives(hunter, builder)
    rows = []
    with ThreadPoolExecutor(arguments.workers) as pool:
        for row in pool.map(lambda mutant: hunt_mutant(mutant, builder, hunter), mutants):
            rows.append(row)
            print(row.text(), flush=True)
            if arguments.report and row.killed:
                print(row.verdict.report)
    print(matrix.summary(rows))
    if arguments.json:
        matrix.write_json(arguments.json, ROOT, [row.as_json() for row in rows])
    if arguments.docs:
        write_docs(rows)
    return 0 if survives and all(row.killed for row in rows) else 1


def run_generic(arguments: argparse.Namespace, builder: Builder, hunter: Hunter) -> int:
    """1 if a change survives that nobody has explained, or an explanation has nothing to explain."""
    reasons = generic.read_reasons(ROOT / "tests/mutants/equivalent.txt")
    session = generic.GenericRun(builder, ROOT, hunter, reasons, arguments.workers)
    chosen_changes = session.choose(arguments.file, arguments.sample, arguments.seed, arguments.again)
    results = session.run(chosen_changes, arguments.short, arguments.long)
    survivors = [result for result in results if result.kind == "survived"]
    for result in survivors:
        print(f"SURVIVED {generic.text_of(result.change)}")
    stale = [] if arguments.file or arguments.sample or arguments.again else session.stale_reasons(results)
    for reason in stale:
        print(f"STALE equivalent.txt: {reason.file}: {reason.text}")
    table = generic.table(results)
    print(table)
    if arguments.json:
        generic.write_json(arguments.json, results)
    if arguments.docs:
        text = f"`{command_line()}` on {matrix.machine()}, at commit {matrix.commit(ROOT)}:\n\n{table}"
        matrix.write_between_markers(ROOT / "docs/catches.md", "generic score", text)
    return 1 if survivors or stale else 0


def write_docs(rows: list[Row]) -> None:
    text = (
        f"`{command_line()}` on {matrix.machine()}, at commit {matrix.commit(ROOT)}:\n\n"
        f"{matrix.markdown(rows)}\n\n```\n{matrix.summary(rows)}\n```"
    )
    matrix.write_between_markers(ROOT / "docs/catches.md", "kill matrix", text)


def command_line() -> str:
    """What was called, without what says where the result goes."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--docs"]
    if "--json" in arguments:
        place = arguments.index("--json")
        del arguments[place : place + 2]
    return " ".join(["./dev mutants", *arguments])


def main() -> int:
    try:
        return run(parse_arguments())
    except HunterFailed as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
