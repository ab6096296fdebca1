"""The `assetbuild` command's entry: finds out whether the compiler is installed, then hands over to `cli`.

Imports next to nothing at the top, so that what needs neither click nor a config can be answered from here at once.
"""

from __future__ import annotations

import gc
import os
import sys

BUILD_PACKAGES = frozenset(
    {
        "brotli",
        "click",
        "filelock",
        "jinja2",
        "rcssmin",
        "rjsmin",
        "tree_sitter",
        "tree_sitter_javascript",
        "watchfiles",
    }
)
"""The top-level packages that the extra `build` installs."""


def main() -> None:
    """Run the command line of this process and exit with its code."""
    arguments = sys.argv[1:]
    _open_streams()
    if _has_nothing_to_do(arguments):
        sys.exit(0)
    # Imports and parsed files make many objects and hardly a cycle; looking for some as often as by default takes up to
    # a tenth of a command.
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    try:
        from assetbuild.cli import run

        code = run(arguments)
    except KeyboardInterrupt:  # while importing; later the command line says it itself
        print("assetbuild: stopped from the keyboard; nothing was done", file=sys.stderr)
        code = 130  # 128 + SIGINT, as shells say it
    except ImportError as error:
        if os.environ.get("ASSETBUILD_DEBUG"):
            sys.excepthook(type(error), error, error.__traceback__)
        code = _cannot_start(error, arguments)
    sys.exit(code)


def _has_nothing_to_do(arguments: list[str]) -> bool:
    """Whether the index says that a build would do nothing; then that has been said."""
    from assetbuild import __version__
    from assetbuild.build import index

    line = index.answer(arguments, version=__version__)
    if line is None:
        return False
    try:
        print(line, flush=True)
    except OSError:  # the command line knows what to do with a stream that takes nothing
        return False
    return True


def _open_streams() -> None:
    """Give a process that was started without stdout or stderr (`>&-`) one that leads nowhere.

    Before anything else is opened: a file that got the free descriptor would be written to in its place.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open as long as the process)
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _cannot_start(error: ImportError, arguments: list[str]) -> int:
    """Says which of the two it is: the extra is not installed, or what is installed is broken."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in BUILD_PACKAGES:
        code, name = 2, "not-installed"
        text, hint = "the compiler is not installed here", "pip install 'assetbuild[build]'"
    else:
        code, name = 1, "internal"
        text = f"{type(error).__name__}: {error}"
        hint = "this is a bug in assetbuild: run it again with ASSETBUILD_DEBUG=1 and report the traceback"
    print(f"assetbuild: {text}: {hint}", file=sys.stderr)
    from assetbuild import documents
    from assetbuild.build.model import Problem

    if documents.wanted(arguments):
        print(documents.dump(documents.envelope("", [Problem(name, text, hint=hint)], ok=False)))
    return code


if __name__ == "__main__":
    main()
