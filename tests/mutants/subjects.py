"""Subjects: programs with the host implementation in them, mutated or not, made from the commands that CMake made the
unmutated one with: the shared object that the hunter loads, and the unit tests of the implementation. Only what a
change touches is compiled again."""

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# From so many files on, a mutant is compiled as one file.
ONE_FILE_FROM = 5


class DoesNotCompile(Exception):
    """A mutant that is no program."""


@dataclass(frozen=True)
class Unit:
    source: str  # from the root
    object: str  # as the link command names it
    command: tuple[str, ...]  # without its output
    reads: frozenset[str]  # files below the root


IMPLEMENTATION = "impl/host/"


class Builder:
    """Makes subjects in a build folder that CMake has configured and in which the unmutated one, a target of
    tests/mutants/CMakeLists.txt, is built."""

    def __init__(self, root: Path, build: Path, jobs: int, target: str = "mutant_subject"):
        self.root = root
        self.build = build
        self.jobs = jobs
        self.target = target
        self.units = self._units()
        self.link = self._link_command()

    @property
    def unmutated(self) -> Path:
        suffix = ".so" if self.target == "mutant_subject" else ""
        return self.build / "tests/mutants" / (self.target + suffix)

    def make(self, overlay: Path, changed: list[str], output: Path) -> float:
        """A subject of the files below `overlay` where it has them, and of the root's elsewhere. Returns the processor
        time that took, in seconds."""
        output.parent.mkdir(parents=True, exist_ok=True)
        stale = [unit for unit in self.units if unit.reads.intersection(changed)]
        objects: dict[str, Path] = {}
        to_compile: list[tuple[str, ...]] = []
        if len(stale) >= ONE_FILE_FROM:
            to_compile.append(self._compile_as_one(stale, overlay, changed, output.parent, objects))
        else:
            for unit in stale:
                objects[unit.object] = output.parent / Path(unit.object).name
                source = self._source(unit, overlay, changed)
                to_compile.append(self._compile_command(unit, overlay, source, objects[unit.object]))
        return self._run_all(to_compile) + self._run(self._link(objects, output))

    def make_all(self, overlay: Path, changed: list[str], output: Path, *options: str) -> None:
        """A subject of all files, with those of the implementation compiled as one."""
        objects: dict[str, Path] = {}
        self._run_all(self._compile_all(overlay, changed, output.parent, objects), options)
        self._run(self._link(objects, output))

    def check_all(self, overlay: Path, changed: list[str], folder: Path, *options: str) -> None:
        """Compiles without making anything. Raises DoesNotCompile."""
        self._run_all(self._compile_all(overlay, changed, folder, {}), (*options, "-fsyntax-only"))

    def together(self, folder: Path) -> Path:
        """A file that includes all files of the implementation as they are."""
        self._compile_all(folder, [], folder, {})
        return folder / "together.cpp"

    def arguments(self) -> list[str]:
        """What a parser has to know to read them."""
        return [word for word in self.units[0].command if re.match("-I|-D|-std=|-isystem", word)]

    def _run_all(self, commands: list[tuple[str, ...]], options: tuple[str, ...] = ()) -> float:
        with ThreadPoolExecutor(self.jobs) as pool:
            return sum(pool.map(lambda command: self._run((*command, *options)), commands))

    def _run(self, command: tuple[str, ...]) -> float:
        with subprocess.Popen(
            command, cwd=self.build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise DoesNotCompile(output)
        return usage.ru_utime + usage.ru_stime

    def _source(self, unit: Unit, overlay: Path, changed: list[str]) -> Path:
        return (overlay if unit.source in changed else self.root) / unit.source

    def _compile_all(self, overlay, changed, folder, objects) -> list[tuple[str, ...]]:
        """All units: the implementation in one file, the others one by one."""
        folder.mkdir(parents=True, exist_ok=True)
        inside = [unit for unit in self.units if unit.source.startswith(IMPLEMENTATION)]
        commands = [self._compile_as_one(inside, overlay, changed, folder, objects)]
        for unit in self.units:
            if unit in inside:
                continue
            objects[unit.object] = folder / Path(unit.object).name
            source = self._source(unit, overlay, changed)
            commands.append(self._compile_command(unit, overlay, source, objects[unit.object]))
        return commands

    def _compile_as_one(self, units, overlay, changed, folder, objects) -> tuple[str, ...]:
        """All units in one file, which reads what they share once."""
        together, target = folder / "together.cpp", folder / "together.o"
        text = "".join(f'#include "{self._source(unit, overlay, changed)}"\n' for unit in units)
        together.write_text(text, encoding="utf-8")
        for unit in units:
            objects[unit.object] = target
        return self._compile_command(units[0], overlay, together, target)

    def _compile_command(self, unit: Unit, overlay: Path, source: Path, target: Path) -> tuple[str, ...]:
        # The overlay comes before the root, and its warnings are nobody's business.
        command = [f"-I{overlay}" if word == "-I" + str(self.root) else word for word in unit.command]
        place = command.index(f"-I{overlay}")
        command.insert(place + 1, f"-I{self.root}")
        return (*command, "-w", "-c", str(source), "-o", str(target))

    def _link(self, objects: dict[str, Path], output: Path) -> tuple[str, ...]:
        words: list[str] = []
        for word in self.link:
            if word not in objects:
                words.append(word)
            elif str(objects[word]) not in words:
                words.append(str(objects[word]))
        words[words.index("-o") + 1] = str(output)
        return tuple(words)

    def _units(self) -> list[Unit]:
        found = []
        for entry in json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8")):
            words = shlex.split(entry["command"])
            output = words[words.index("-o") + 1]
            if f"/{self.target}.dir/" in output and not output.endswith((".pch", ".gch")):
                found.append((os.path.relpath(entry["file"], self.root), output, words))
        reads = self._dependencies([output for _, output, _ in found])
        return [Unit(source, out, _without_files(words), reads[out] | {source}) for source, out, words in found]

    def _dependencies(self, objects: list[str]) -> dict[str, frozenset[str]]:
        """What ninja has noted of each object: "OBJECT: #deps N, ..." and the files, indented."""
        command = ["ninja", "-t", "deps", *objects]
        text = subprocess.run(command, cwd=self.build, capture_output=True, text=True, check=True).stdout
        reads: dict[str, set[str]] = {}
        current: set[str] = set()
        for line in text.splitlines():
            if line.startswith("    "):
                current.add(os.path.relpath((self.build / line.strip()).resolve(), self.root))
            elif ": #deps" in line:
                current = reads.setdefault(line.split(": #deps")[0], set())
        return {name: frozenset(files) for name, files in reads.items()}

    def _link_command(self) -> tuple[str, ...]:
        done = subprocess.run(
            ["ninja", "-t", "commands", self.target], cwd=self.build, capture_output=True, text=True, check=True
        )
        words = shlex.split(done.stdout.splitlines()[-1])
        # CMake writes ": && COMMAND && :".
        return tuple(word for word in words if word not in (":", "&&"))


def _without_files(words: list[str]) -> tuple[str, ...]:
    """A compile command without its input, its output and the list of what it reads."""
    kept = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-c", "-MT", "-MF"):
            skip = True
        elif word != "-MD":
            kept.append(word)
    return tuple(kept)
