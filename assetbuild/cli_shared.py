"""What the commands share: options, and the configuration that most begin with.

Knows no command. As all of the command line it gives back what is to be said, and writes nothing but the progress bar.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import click

from assetbuild.build.model import BuildFailed, Config, Problem
from assetbuild.outcome import Outcome, Session
from assetbuild.progress import Bar


def _named(_context: click.Context, _option: click.Parameter, value: str | None) -> str:
    """'' where the option was not given. `--environment "$STAGE"` without that variable must not mean production."""
    if value == "":
        raise click.BadParameter("it is empty; write a name, or leave the option out.")
    return value or ""


config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Read this file instead of assetbuild.toml or pyproject.toml.",
)
json_option = click.option("--json", is_flag=True, expose_value=False, help="Print one JSON document to stdout.")
environment_option = click.option(
    "--environment", metavar="NAME", callback=_named, help="The environment, in the place of the configured one."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")


def configured(
    session: Session, config_file: Path | None, work: Callable[[Config], Outcome], *, runs_processors: bool = True
) -> Outcome:
    """Do `work` with the configuration; what was noticed while reading that is reported in any case.

    Work that runs no processor does not need them to be there, nor the time that they take to load.
    """
    from assetbuild.build import config as configuration

    file, folder = config_file or session.config, Path.cwd()
    if runs_processors:
        config = configuration.load(file, folder=folder)
    else:
        config = configuration.load(file, folder=folder, create=configuration.unchecked)
    try:
        done = work(config)
    except BuildFailed as failed:
        raise BuildFailed(_merged(config, failed.problems), exit_code=failed.exit_code) from failed
    return replace(done, problems=_merged(config, done.problems))


def _merged(config: Config, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys((*config.problems, *problems)))


def progress(session: Session) -> contextlib.closing[Bar]:
    return contextlib.closing(Bar(session.err.stream, session.err.width))
