"""The catalogue: a file per mutant, a head of "Key: text" lines and a unified diff.

A diff is applied strictly. Its context must be there, once; line numbers may be off, since what lies before may have
changed. A patch that does not apply is stale, and somebody has to look whether its bug can still be put in.
"""

import re
from dataclasses import dataclass
from pathlib import Path

HEAD_KEYS = ("Origin", "Effect", "Caught by")


class Stale(Exception):
    """The source is not what the patch was made for."""


@dataclass(frozen=True)
class Hunk:
    old: tuple[str, ...]
    new: tuple[str, ...]
    line: int  # where `old` was, from 1


@dataclass(frozen=True)
class Mutant:
    name: str
    origin: str
    effect: str
    expected: tuple[str, ...]  # ids of the clauses that may catch it
    files: dict[str, tuple[Hunk, ...]]  # by path from the root


def read_catalogue(folder: Path) -> list[Mutant]:
    return [read_patch(path) for path in sorted(folder.glob("*.patch"))]


def read_patch(path: Path) -> Mutant:
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith("--- ")), len(lines))
    head = _read_head(path, lines[:end])
    files = _read_files(path, lines[end:])
    if not files:
        raise ValueError(f"{path}: changes nothing")
    expected = tuple(re.split(r",\s*", head["Caught by"]))
    return Mutant(path.stem, head["Origin"], head["Effect"], expected, files)


def _read_head(path: Path, lines: list[str]) -> dict[str, str]:
    head: dict[str, str] = {}
    key = ""
    for line in lines:
        if not line.strip():
            continue
        if line.startswith(" ") and key:
            head[key] += " " + line.strip()
            continue
        key, _, text = line.partition(": ")
        head[key] = text.strip()
    if tuple(head) != HEAD_KEYS:
        raise ValueError(f"{path}: the head has {', '.join(head)} and not {', '.join(HEAD_KEYS)}")
    return head


def _read_files(path: Path, lines: list[str]) -> dict[str, tuple[Hunk, ...]]:
    files: dict[str, list[Hunk]] = {}
    old: list[str] = []
    new: list[str] = []
    name, line_number = "", 0

    def close() -> None:
        if old or new:
            files[name].append(Hunk(tuple(old), tuple(new), line_number))
        old.clear()
        new.clear()

    for line in lines:
        if line.startswith("--- "):
            close()
        elif line.startswith("+++ "):
            name = line[4:].split("\t")[0].removeprefix("b/")
            files[name] = []
        elif line.startswith("@@ "):
            close()
            line_number = int(re.match(r"@@ -(\d+)", line).group(1))
        elif line[:1] in (" ", "-", "+", ""):
            if line[:1] != "+":
                old.append(line[1:])
            if line[:1] != "-":
                new.append(line[1:])
        else:
            raise ValueError(f"{path}: not a line of a unified diff: {line}")
    close()
    return {name: tuple(hunks) for name, hunks in files.items()}


def apply(mutant: Mutant, root: Path, overlay: Path) -> list[str]:
    """Writes the changed files below `overlay`; returns their paths from the root. Raises Stale."""
    for name, hunks in mutant.files.items():
        source = root / name
        if not source.is_file():
            raise Stale(f"{name} is not there")
        text = _patched(name, source.read_text(encoding="utf-8").split("\n"), hunks)
        target = overlay / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # A file that has not changed keeps its time, and what was compiled from it stays good.
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
    return list(mutant.files)


def _patched(name: str, lines: list[str], hunks: tuple[Hunk, ...]) -> str:
    for hunk in reversed(hunks):  # so that the line numbers of the others stay right
        size = len(hunk.old)
        places = [i for i in range(len(lines) - size + 1) if tuple(lines[i : i + size]) == hunk.old]
        if hunk.line - 1 in places:
            places = [hunk.line - 1]
        if len(places) != 1:
            raise Stale(f"{name}: the lines at {hunk.line} are there {len(places)} times")
        lines[places[0] : places[0] + size] = hunk.new
    return "\n".join(lines)
