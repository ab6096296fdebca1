"""What a command comes to, and how that is said: text or one JSON document, and the exit code.

Knows the environment (NO_COLOR, ASSETBUILD_DEBUG) and the exit codes (0 fine, 1 problems found, 2 wrong usage or
config), and no command. Commands return an `Outcome` and write nothing: so `--json` is one document whatever happens.
A command that goes on until it is told to end returns a `Stream` of them, and each is one document.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import click

from assetbuild import cells, documents, report
from assetbuild.build.model import BuildFailed, Place, Problem, Severity
from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
TERMINATED = 143  # 128 + SIGTERM, likewise
_PIPE_CLOSED = 141  # 128 + SIGPIPE
_GRACE = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given: the file of `--config` before the command, and where to write."""

    config: Path | None
    out: report.Screen
    err: report.Screen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command comes to: lines for people, members of the JSON document, problems, and the exit code.

    Without a `code` it is 1 where a problem is an error, else 0. People are not shown those `known` already.
    `trace` is the traceback of what went wrong, for those who asked for it. `data` may be what makes the members: it is
    called only where a document is asked for.
    """

    lines: tuple[str, ...] = ()
    data: Mapping[str, object] | Callable[[], Mapping[str, object]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    code: int | None = None
    known: frozenset[Problem] = frozenset()
    trace: tuple[str, ...] = ()

    def members(self) -> dict[str, object]:
        return dict(self.data() if callable(self.data) else self.data)

    @property
    def exit_code(self) -> int:
        if self.code is not None:
            return self.code
        return int(any(problem.severity is Severity.ERROR for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Stream:
    """What a command comes to that goes on until Ctrl-C or SIGTERM: outcomes, each shown as it comes. The code is 0."""

    outcomes: Generator[Outcome, None, None]


def carry_out(entry: click.Group, arguments: Sequence[str]) -> int:
    """Run one command line of `entry` and return its exit code.

    Writes to stdout and stderr. Raises ImportError only: `__main__` tells whether a package is missing or broken.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    colour = not os.environ.get("NO_COLOR")
    session = Session(None, report.screen(sys.stdout, colour=colour), report.screen(sys.stderr, colour=colour))
    try:
        return _carry_out(entry, arguments, session=session)
    except BrokenPipeError:  # the reader has seen enough: `assetbuild ls | head`
        return _PIPE_CLOSED
    except KeyboardInterrupt:  # while showing
        return INTERRUPTED
    except OSError as error:  # while showing: a full disk
        reason = error.strerror or str(error)
        with contextlib.suppress(OSError):
            session.err.show([f"assetbuild: the result cannot be written: {reason}: make room, or write elsewhere"])
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _carry_out(entry: click.Group, arguments: Sequence[str], *, session: Session) -> int:
    command = ""
    try:
        with entry.make_context("assetbuild", list(arguments), obj=session) as context:
            try:
                outcome: Outcome | Stream = entry.invoke(context)
            finally:
                command = context.invoked_subcommand or ""
    except click.exceptions.Exit as done:  # --help and --version have written what they had to say
        return int(done.exit_code)
    except (ImportError, BrokenPipeError):
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (no traceback may reach a user)
        outcome = failure(error)
    json = documents.wanted(arguments)
    if isinstance(outcome, Stream):
        return _show_all(outcome, command, session=session, json=json)
    _show(outcome, command, session=session, json=json)
    return outcome.exit_code


def _show(outcome: Outcome, command: str, *, session: Session, json: bool) -> None:
    session.err.show(outcome.trace)
    if json:
        document = documents.envelope(command, outcome.problems, ok=outcome.exit_code == 0) | outcome.members()
        session.out.show([documents.dump(document)])
    else:
        session.out.show(outcome.lines)
        shown = [problem for problem in outcome.problems if problem not in outcome.known]
        session.err.show(report.diagnostics(shown, width=session.err.width))


def _show_all(stream: Stream, command: str, *, session: Session, json: bool) -> int:
    """To be told to end is what such a command waits for, so it is no failure: neither from the keyboard nor else."""
    try:
        with _terminable(), contextlib.closing(stream.outcomes) as outcomes:
            for outcome in outcomes:
                _show(outcome, command, session=session, json=json)
    except KeyboardInterrupt:
        if session.err.width is not None:
            session.err.show([""])  # the terminal has written ^C, and the prompt is to stand on a line of its own
    return 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Ctrl-C and SIGTERM, which service managers and containers send, raise KeyboardInterrupt, and mean it.

    A thread that compresses a large file cannot be interrupted. So what has not ended after a second, or when told
    again, is left: all that a build writes is written aside and renamed, and what was not is as if never begun.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one may handle signals
        yield
        return
    deadline = threading.Timer(_GRACE, os._exit, (0,))
    deadline.daemon = True

    def end(number: int, frame: object) -> None:
        if deadline.ident is not None:
            os._exit(0)
        deadline.start()
        raise KeyboardInterrupt

    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, end)) for number in numbers]
    try:
        yield
    finally:
        deadline.cancel()
        for number, handler in before:
            signal.signal(number, handler)


class Terminated(KeyboardInterrupt):
    """SIGTERM came, by which CI systems and containers end what they have started."""


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM raises `Terminated`, so that what is cleaned up after Ctrl-C is after it too. A second one kills."""
    on_main = threading.current_thread() is threading.main_thread()  # only that one may handle signals
    if not on_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def failure(error: BaseException) -> Outcome:
    """The outcome of what raised."""
    if not os.environ.get("ASSETBUILD_DEBUG"):
        return _failure(error)
    trace = "".join(traceback.format_exception(error))
    return replace(_failure(error), trace=tuple(cells.safe(line) for line in trace.splitlines()))


def _failure(error: BaseException) -> Outcome:
    match error:
        case BuildFailed():
            return Outcome(problems=error.problems, code=error.exit_code)
        case click.ClickException():
            return Outcome(problems=(_usage(error),), code=2)
        case AssetbuildError():
            return Outcome(problems=(Problem(_CODES.get(type(error), "failed"), str(error)),), code=1)
        case KeyboardInterrupt() | click.Abort():
            text = "stopped from the keyboard; the previous release is as it was"
            return Outcome(problems=(Problem("interrupted", text),), code=INTERRUPTED)
        case OSError():
            return Outcome(problems=(_refused(error),), code=1)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "this is a bug in assetbuild: run it again with ASSETBUILD_DEBUG=1 and report the traceback"
    return Outcome(problems=(Problem("internal", text, hint=hint),), code=1)


_CODES: Mapping[type[AssetbuildError], str] = {ManifestError: "manifest", UnknownAsset: "unknown-asset"}


def _usage(error: click.ClickException) -> Problem:
    context = error.ctx if isinstance(error, click.UsageError) else None
    notes: tuple[str, ...] = ()
    if context and isinstance(context.command, click.Group):
        notes = (f"the commands are {', '.join(context.command.list_commands(context))}",)
    path = context.command_path if context else "assetbuild"
    return Problem("usage", error.format_message(), notes=notes, hint=f"run '{path} --help'")


def _refused(error: OSError) -> Problem:
    """What the operating system refused: no bug of ours, but nothing that a phase foresaw."""
    place = Place(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    text = error.strerror or str(error) or type(error).__name__
    return Problem("system", text, place, hint="look at the permissions and at the free space there, then run it again")


def _let_go(stream: TextIO) -> None:
    """Point a stream that takes nothing any more at nothing: what it holds is flushed again as the interpreter ends."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
