"""What goes wrong, as types: what kvspec refuses is an Error, memory that does not suffice a MemoryError. An argument
of another Python type than a function takes is a TypeError, as everywhere."""

from __future__ import annotations


class Error(Exception):
    """Anything kvspec refuses."""


class ClauseError(Error):
    """A configuration or a command that breaks a precondition. Nothing has changed.

    A manager of your own raises it for the same reason (kvspec.hypothesis compares the clauses):
    `raise kvspec.ClauseError("REQ-02")`.

    clause: the id of the clause, for example "REQ-02".
    sentence: what the clause says; looked up where it is not given.
    offending: the number that breaks it - a block id, a count, an index - or 0.
    """

    def __init__(self, clause: str, offending: int = 0, *, sentence: str | None = None, message: str | None = None):
        if sentence is None:
            from ._clauses import clause as look_up

            sentence = look_up(clause).sentence
        self.clause = clause
        self.sentence = sentence
        self.offending = offending
        super().__init__(message or f"{clause} (offending: {offending}): {sentence}")


class TextError(Error, ValueError):
    """Something the trace format does not allow: an unknown member, a number out of range, a file that is no trace.

    clause: one of TRACE-01 .. TRACE-07. sentence: what it says. line: of a trace, from 1; 0 elsewhere.
    """

    def __init__(self, message: str, clause: str, sentence: str, line: int = 0):
        self.clause = clause
        self.sentence = sentence
        self.line = line
        super().__init__(message)


class UnknownName(Error, LookupError):
    """No clause or preset has that name."""


class UsageError(Error, ValueError):
    """A call out of order, or an argument that makes no sense where it stands."""


class InternalError(Error):
    """A defect of kvspec, or an object that an earlier one has made unusable."""


def from_status(
    status: str, clause: str | None, sentence: str | None, offending: int, line: int, message: str
) -> Exception:
    """The exception for a status of the C library."""
    if status == "KVSPEC_REJECTED" and clause is not None:
        return ClauseError(clause, offending, sentence=sentence, message=message)
    if status == "KVSPEC_BAD_TEXT":
        return TextError(message, clause or "", sentence or "", line)
    if status == "KVSPEC_UNKNOWN_NAME":
        return UnknownName(message)
    if status == "KVSPEC_INVALID_ARGUMENT":
        return UsageError(message)
    if status == "KVSPEC_OUT_OF_MEMORY":
        return MemoryError(message)
    return InternalError(f"{status}: {message}")
