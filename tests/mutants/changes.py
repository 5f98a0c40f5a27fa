"""Mechanical changes: another operator, another constant, a condition that is always true, a statement left out.

All changes of all files are compiled in at once, each behind a switch: `a < b` becomes

    (KVSPEC_CHANGE(7) ? ((a) <= (b)) : KVSPEC_CHANGE(8) ? ((a) >= (b)) : (a < b))

and a run activates one number. So a change costs a hunt and no compiler. Where a change does not compile - mostly since
an expression has to be constant - it is dropped. Expressions are found with libclang.

Left alone, killed or not, is what cannot be wrong in itself:

- What a member of a struct is before anybody gives it a value. A struct here is a bundle that its maker fills; where a
  default does last, as with the flags of a table, what sets it back is changed. The members of a class are its state from
  the start, and their first values are changed.
- Memory that is asked for ahead: `reserve` of a container of a library. (That of our own message is changed: it makes
  the only room there is.)
- Cache lines that are asked for ahead: calls of functions whose names begin with `prefetch`, and an `if` around one.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

OPERATORS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("/",),
    "&": ("|",), "|": ("&",), "^": ("&",), "<<": (">>",), ">>": ("<<",), "&&": ("||",), "||": ("&&",),
    "+=": ("-=",), "-=": ("+=",), "|=": ("&=",), "&=": ("|=",), "^=": ("|=",), "*=": ("+=",),
}  # fmt: skip
OPERATOR = re.compile(rb"<<=|>>=|<=|>=|==|!=|&&|\|\||<<|>>|\+=|-=|\|=|&=|\^=|\*=|[<>+\-*/%&|^]")


@dataclass(frozen=True)
class Change:
    number: int
    file: str  # from the root
    line: int
    what: str  # "< to <=", "left out"
    text: str  # the line, without its indent


@dataclass(frozen=True)
class _Point:
    """A range of a file in bytes, and what may stand there instead."""

    start: int
    end: int
    alternatives: tuple[tuple[str, bytes], ...]  # what, text
    form: str = "expression"  # or "condition", "statement"


class Changes:
    """The changes of some files."""

    def __init__(self, root: Path, files: dict[str, list[_Point]]):
        self.root = root
        self.sources = {name: (root / name).read_bytes() for name in files}
        self.files = files
        self.changes: list[Change] = []
        self._numbers: dict[tuple[str, _Point], list[int]] = {}
        for name in sorted(files):
            for point in sorted(files[name], key=lambda p: (p.start, -p.end)):
                self._number(name, point)

    def _number(self, name: str, point: _Point) -> None:
        source = self.sources[name]
        line = source.count(b"\n", 0, point.start)
        text = source.split(b"\n")[line].decode().strip()
        numbers = self._numbers[name, point] = []
        for what, _ in point.alternatives:
            self.changes.append(Change(len(self.changes) + 1, name, line + 1, what, text))
            numbers.append(self.changes[-1].number)

    def write(self, overlay: Path, dropped: set[int]) -> list[str]:
        """The changed files, without the changes that are dropped; returns their names."""
        for name, points in self.files.items():
            source = self.sources[name]
            text = self._render(name, 0, len(source), sorted(points, key=lambda p: (p.start, -p.end)), dropped)
            target = overlay / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
        return list(self.files)

    def digest(self, overlay: Path) -> str:
        """Of the files with all changes: what is equal in it is equal in all."""
        digest = hashlib.sha256()
        for name in self.write(overlay, set()):
            digest.update((overlay / name).read_bytes())
        return digest.hexdigest()

    def _render(self, name: str, start: int, end: int, points: list[_Point], dropped: set[int]) -> bytes:
        source = self.sources[name]
        pieces = []
        at = start
        rest = points
        while rest:
            point, rest = rest[0], rest[1:]
            inner = [p for p in rest if p.end <= point.end]
            rest = rest[len(inner) :]
            if point.start < at:  # overlaps what was rendered, as macros do
                continue
            pieces.append(source[at : point.start])
            base = self._render(name, point.start, point.end, inner, dropped)
            pieces.append(self._switched(name, point, base, dropped))
            at = point.end
        pieces.append(source[at:end])
        return b"".join(pieces)

    def _switched(self, name: str, point: _Point, base: bytes, dropped: set[int]) -> bytes:
        kept = [
            (number, text)
            for number, (_, text) in zip(self._numbers[name, point], point.alternatives)
            if number not in dropped
        ]
        if not kept:
            return base
        if point.form == "statement":
            return b"{ if (!KVSPEC_CHANGE(%d)) { %s } }" % (kept[0][0], base)
        switches = b"".join(b"KVSPEC_CHANGE(%d) ? (%s) : " % (number, text) for number, text in kept)
        # A condition may be of a class that converts to bool, and that a bool converts to.
        form = b"(%sstatic_cast<bool>(%s))" if point.form == "condition" else b"(%s(%s))"
        return form % (switches, base)

    def to_drop(self, overlay: Path, errors: str) -> set[int]:
        """The changes that a compiler's errors are about: of each the nearest one in front of it."""
        numbers: set[int] = set()
        for match in re.finditer(r"^(\S+):(\d+):(\d+): (?:fatal )?error:", errors, re.MULTILINE):
            path = Path(match.group(1))
            if not path.is_relative_to(overlay):
                continue
            lines = path.read_bytes().split(b"\n")
            line, column = int(match.group(2)) - 1, int(match.group(3))
            before = b"\n".join(lines[max(0, line - 3) : line]) + b"\n" + lines[line][: column + 20]
            found = re.findall(rb"KVSPEC_CHANGE\((\d+)\)", before)
            if not found:
                found = re.findall(rb"KVSPEC_CHANGE\((\d+)\)", lines[line])[:1]
            if found:
                numbers.update(self._siblings(int(found[-1])))
        return numbers

    def _siblings(self, number: int) -> list[int]:
        return next(numbers for numbers in self._numbers.values() if number in numbers)


def find_changes(root: Path, together: Path, arguments: list[str], folder: str) -> Changes:
    """Those of the files below `folder` that the file `together` includes."""
    from clang import cindex  # pylint: disable=import-outside-toplevel

    unit = cindex.Index.create().parse(str(together), args=arguments)
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise RuntimeError(f"libclang cannot read the implementation: {errors[0]}")
    finder = _Finder(cindex, root, folder)
    finder.visit(unit.cursor)
    return Changes(root, finder.files)


class _Finder:
    def __init__(self, cindex, root: Path, folder: str):
        self.kinds = cindex.CursorKind
        self.prefix = str(root / folder) + "/"
        self.root = root
        self.files: dict[str, list[_Point]] = {}
        self.sources: dict[str, bytes] = {}

    def visit(self, top) -> None:
        for cursor in top.get_children():
            place = cursor.location.file
            if place is not None and place.name.startswith(self.prefix):
                self._walk(cursor)
            elif cursor.kind == self.kinds.NAMESPACE:
                self.visit(cursor)

    # ---- what has no changes ---------------------------------------------------------------------

    def _is_constant(self, cursor) -> bool:
        """Whether the compiler has to know what is in it."""
        kinds = self.kinds
        if cursor.kind in (kinds.STATIC_ASSERT, kinds.ENUM_DECL, kinds.ALIGNED_ATTR, kinds.TYPE_ALIAS_DECL):
            return True
        if cursor.kind in (kinds.TEMPLATE_NON_TYPE_PARAMETER, kinds.TYPE_REF, kinds.TEMPLATE_REF):
            return True
        if cursor.kind in (kinds.VAR_DECL, kinds.FIELD_DECL):
            return b"constexpr" in self._text(cursor).split(b"=")[0]
        return False

    def _is_default_of_struct(self, cursor) -> bool:
        kinds = self.kinds
        return cursor.kind == kinds.FIELD_DECL and cursor.semantic_parent.kind == kinds.STRUCT_DECL

    def _asks_ahead(self, cursor) -> bool:
        """Whether it does nothing but to have memory or cache lines ready."""
        kinds = self.kinds
        children = list(cursor.get_children())
        if cursor.kind == kinds.IF_STMT:
            return len(children) == 2 and self._asks_ahead(children[1])
        if cursor.kind == kinds.UNEXPOSED_EXPR:
            return len(children) == 1 and self._asks_ahead(children[0])
        if cursor.kind != kinds.CALL_EXPR:
            return False
        if cursor.spelling.startswith("prefetch"):
            return True
        if cursor.spelling != "reserve" or cursor.referenced is None:
            return False
        declared = cursor.referenced.location.file
        return declared is not None and not declared.name.startswith(self.prefix)

    def _walk(self, cursor) -> None:
        if self._is_constant(cursor) or self._is_default_of_struct(cursor) or self._asks_ahead(cursor):
            return
        children = list(cursor.get_children())
        kinds = self.kinds
        if cursor.kind == kinds.CASE_STMT:
            children = children[1:]
        elif cursor.kind == kinds.IF_STMT:
            if self._text(cursor)[2:].lstrip().startswith(b"constexpr"):
                children = children[1:]
            else:
                self._condition(children, both=True)
        elif cursor.kind in (kinds.WHILE_STMT, kinds.DO_STMT):
            self._condition(children if cursor.kind == kinds.WHILE_STMT else children[-1:], both=False)
        elif cursor.kind == kinds.CONDITIONAL_OPERATOR:
            self._condition(children, both=True)
        if cursor.kind in (kinds.COMPOUND_STMT, kinds.IF_STMT, kinds.FOR_STMT, kinds.CXX_FOR_RANGE_STMT):
            self._statements(cursor, children)
        self._expression(cursor, children)
        for child in children:
            self._walk(child)

    # ---- what has --------------------------------------------------------------------------------

    def _text(self, cursor) -> bytes:
        return self._source(cursor)[cursor.extent.start.offset : cursor.extent.end.offset]

    def _source(self, cursor) -> bytes:
        name = cursor.extent.start.file.name
        if name not in self.sources:
            self.sources[name] = Path(name).read_bytes()
        return self.sources[name]

    def _add(self, cursor, alternatives, end=None, form="expression") -> None:
        name = str(Path(cursor.extent.start.file.name).relative_to(self.root))
        start = cursor.extent.start.offset
        end = cursor.extent.end.offset if end is None else end
        points = self.files.setdefault(name, [])
        # One range, one point: what else may stand there joins it.
        for i, point in enumerate(points):
            if (point.start, point.end) == (start, end) and form != "statement" != point.form:
                known = {text for _, text in point.alternatives}
                more = tuple(a for a in alternatives if a[1] not in known)
                points[i] = _Point(start, end, point.alternatives + more, point.form)
                return
        points.append(_Point(start, end, tuple(alternatives), form))

    def _condition(self, children, both: bool) -> None:
        condition = next((c for c in children if c.kind.is_expression()), None)
        if condition is None or condition is not children[0]:
            return
        self._add(condition, [("to false", b"false"), ("to true", b"true")][: 2 if both else 1], form="condition")

    def _statements(self, cursor, children) -> None:
        kinds = self.kinds
        # An expression is a statement anywhere in a block, and as the body of an if or a loop behind its head.
        bodies = children if cursor.kind == kinds.COMPOUND_STMT else children[1:]
        for child in bodies:
            is_effect = child.kind in (
                kinds.CALL_EXPR, kinds.BINARY_OPERATOR, kinds.COMPOUND_ASSIGNMENT_OPERATOR, kinds.UNARY_OPERATOR,
                kinds.CONTINUE_STMT, kinds.BREAK_STMT, kinds.UNEXPOSED_EXPR,
            )  # fmt: skip
            if not is_effect or self._asks_ahead(child):
                continue
            source = self._source(child)
            end = child.extent.end.offset
            if source[end : end + 1] != b";":
                continue
            self._add(child, [("left out", b"")], end=end + 1, form="statement")

    def _expression(self, cursor, children) -> None:
        kinds = self.kinds
        if cursor.kind in (kinds.BINARY_OPERATOR, kinds.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self._binary(cursor, children[0], children[1])
        elif cursor.kind == kinds.CALL_EXPR and cursor.spelling.startswith("operator"):
            arguments = list(cursor.get_arguments())
            if len(arguments) == 2 and all(a is not None for a in arguments):
                self._binary(cursor, *arguments)
        elif cursor.kind == kinds.UNARY_OPERATOR and children:
            self._unary(cursor, children[0])
        elif cursor.kind == kinds.INTEGER_LITERAL:
            self._integer(cursor)
        elif cursor.kind == kinds.CXX_BOOL_LITERAL_EXPR:
            self._add(cursor, [("flipped", b"false" if self._text(cursor) == b"true" else b"true")])
        elif cursor.kind == kinds.CALL_EXPR:
            self._call(cursor)

    def _binary(self, cursor, left, right) -> None:
        source = self._source(cursor)
        begin, end = left.extent.end.offset, right.extent.start.offset
        found = OPERATOR.search(source, begin, max(begin, end))
        if found is None or found.group().decode() not in OPERATORS:
            return
        operator = found.group().decode()
        one = source[cursor.extent.start.offset : left.extent.end.offset]
        other = source[right.extent.start.offset : cursor.extent.end.offset]
        alternatives = [
            (f"{operator} to {new}", b"(%s) %s (%s)" % (one, new.encode(), other)) for new in OPERATORS[operator]
        ]
        self._add(cursor, alternatives)

    def _unary(self, cursor, operand) -> None:
        text, inner = self._text(cursor), self._text(operand)
        for operator, other in ((b"++", b"--"), (b"--", b"++")):
            if text.startswith(operator) or text.endswith(operator):
                changed = other + inner if text.startswith(operator) else inner + other
                self._add(cursor, [(f"{operator.decode()} to {other.decode()}", changed)])
                return
        if text[:1] == b"!":
            self._add(cursor, [("without !", b"!(%s)" % text)])
        elif text[:1] in (b"-", b"~"):
            self._add(cursor, [(f"without {text[:1].decode()}", inner)])

    def _integer(self, cursor) -> None:
        text = self._text(cursor)
        match = re.fullmatch(rb"(0x[0-9a-fA-F]+|[0-9]+)([uUlL]*)", text)
        if match is None:
            return
        value = int(match.group(1), 0)
        others = [value + 1] if value == 0 else [value + 1, value - 1]
        self._add(cursor, [(f"{value} to {other}", b"%d%s" % (other, match.group(2))) for other in others])

    def _call(self, cursor) -> None:
        text = self._text(cursor)
        for one, other in ((b"std::min", b"std::max"), (b"std::max", b"std::min")):
            if re.match(re.escape(one) + rb"[<(]", text):
                self._add(cursor, [(f"{one.decode()} to {other.decode()}", other + text[len(one) :])])
