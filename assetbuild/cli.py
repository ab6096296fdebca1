"""The command line: reads options, calls one function of the build half, hands over what it gives back.

Knows no stream and no exit code but through `outcome`. What a command needs is imported by that command: `ls` starts
without the compiler.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assetbuild import __version__, cells, documents, outcome, report
from assetbuild.build.model import BuildFailed, Built, Config, Problem
from assetbuild.outcome import Outcome, Session
from assetbuild.progress import Bar

if TYPE_CHECKING:
    from assetbuild.build.clean import Plan


def run(arguments: Sequence[str]) -> int:
    """Run one command line, write what it has to say and return its exit code."""
    return outcome.carry_out(entry, arguments)


# --- what the commands share -----------------------------------------------------------------------------

_config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Read this file instead of assetbuild.toml or pyproject.toml.",
)
_dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
_json_option = click.option("--json", is_flag=True, expose_value=False, help="Print one JSON document to stdout.")


def _configured(session: Session, config_file: Path | None, work: Callable[[Config], Outcome]) -> Outcome:
    """Do `work` with the configuration; what was noticed while reading that is reported in any case."""
    from assetbuild.build import config as configuration

    config = configuration.load(config_file or session.config, folder=Path.cwd())
    try:
        done = work(config)
    except BuildFailed as failed:
        raise BuildFailed(_merged(config, failed.problems), exit_code=failed.exit_code) from failed
    return replace(done, problems=_merged(config, done.problems))


def _merged(config: Config, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys((*config.problems, *problems)))


def _watching(session: Session) -> contextlib.closing[Bar]:
    return contextlib.closing(Bar(session.err.stream, session.err.width))


# --- commands --------------------------------------------------------------------------------------------


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="assetbuild %(version)s")
@_config_option
@click.pass_context
def entry(context: click.Context, *, config_file: Path | None) -> None:
    """Compile a web app's static assets once, at build time.

    NO_COLOR turns colours off; ASSETBUILD_DEBUG=1 shows the traceback of an internal error.
    """
    context.obj = replace(context.obj, config=config_file)
    if context.invoked_subcommand is None:
        raise click.UsageError("no command was given", context)


@entry.command()
@click.pass_obj
def init(session: Session) -> Outcome:
    """Write a commented config for the project found here."""
    from assetbuild.build import scaffold

    if session.config is not None:
        raise click.UsageError("init looks for no config, so --config has no meaning here", click.get_current_context())
    written = scaffold.init(Path.cwd())
    scaffold.write(written)
    name = cells.safe(cells.relative(str(written.path)))
    notes = (f"  {cells.safe(note)}" for note in written.notes)
    return Outcome((f"wrote {name}", *notes, "next: assetbuild build"))


@entry.command()
@_config_option
@click.option("--plan", is_flag=True, help="Print what would change and why; write nothing.")
@click.option("--check", is_flag=True, help="Fail if the output is not up to date; write nothing.")
@click.option("--depfile", metavar="F", type=click.Path(path_type=Path), help="Write make/ninja dependencies to F.")
@click.option("--force", is_flag=True, help="Trust neither the cache nor what is in the output folder.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="Threads and processes; one per core by default.")
@click.option("--dev", is_flag=True, help="No minifying, no compressed variants.")
@_json_option
@click.pass_obj
def build(
    session: Session,
    *,
    config_file: Path | None,
    plan: bool,
    check: bool,
    depfile: Path | None,
    force: bool,
    jobs: int | None,
    dev: bool,
) -> Outcome:
    """Build the assets and the manifest."""
    from assetbuild.build import inspection, pipeline

    if plan and check:
        raise click.UsageError("--plan and --check exclude each other", click.get_current_context())
    if depfile and (plan or check):
        raise click.UsageError("--depfile belongs to a build that writes", click.get_current_context())
    options = pipeline.Options(dev=dev, force=force, jobs=jobs or 0)

    def work(config: Config) -> Outcome:
        started = time.monotonic()
        if depfile:
            from assetbuild.build.depfile import check_place

            check_place(depfile, config)
        with _watching(session) as bar:
            if check:
                return _checked(inspection.check_output(config, options=options, listener=bar), mode="check")
            if plan:
                return _planned(inspection.plan(config, options=options, listener=bar))
            made = pipeline.build(config, options=options, listener=bar)
        if depfile:
            _write_depfile(config, made, depfile)
        return _built(made, session, elapsed=time.monotonic() - started)

    return _configured(session, config_file, work)


def _built(made: Built, session: Session, *, elapsed: float) -> Outcome:
    lines = report.built(made, documents.assets(made.manifest), elapsed=elapsed, width=session.out.width)
    return Outcome(tuple(lines), documents.built(made, mode="build"), made.problems)


def _planned(made: Built) -> Outcome:
    lines = report.planned(made, assets=len(documents.assets(made.manifest)))
    return Outcome(tuple(lines), documents.built(made, mode="plan"), made.problems)


def _checked(problems: tuple[Problem, ...], *, mode: str = "") -> Outcome:
    return Outcome(() if problems else ("no problems",), {"mode": mode} if mode else {}, problems)


def _write_depfile(config: Config, built: Built, file: Path) -> None:
    """Paths as make is to see them: relative to where it runs, which is here, or absolute."""
    from assetbuild.build import depfile

    files = map(cells.relative, (str(config.file), *built.files))
    text = depfile.render(cells.relative(str(config.manifest)), files, map(cells.relative, built.folders))
    depfile.write(file, text, manifest=config.manifest, started_ns=built.started_ns)


@entry.command()
@_config_option
@_json_option
@click.pass_obj
def check(session: Session, *, config_file: Path | None) -> Outcome:
    """Check config, references, bundles and templates without writing."""
    from assetbuild.build import inspection

    def work(config: Config) -> Outcome:
        with _watching(session) as bar:
            return _checked(inspection.check(config, listener=bar))

    return _configured(session, config_file, work)


@entry.command()
@_config_option
@_json_option
@click.pass_obj
def ls(session: Session, *, config_file: Path | None) -> Outcome:
    """List the assets of the manifest: logical path, output, size, gzip, br."""
    from assetbuild import manifest

    def work(config: Config) -> Outcome:
        found = manifest.read(cells.relative(str(config.manifest)))
        lines = report.table(report.asset_rows(found["assets"], {}), width=session.out.width)
        data = documents.listing(build=found["build"], entries=found["assets"], importmap=found.get("importmap"))
        return Outcome(tuple(lines), data)

    return _configured(session, config_file, work)


@entry.command()
@click.argument("name")
@_config_option
@_json_option
@click.pass_obj
def why(session: Session, *, name: str, config_file: Path | None) -> Outcome:
    """Show the chain of inputs that made or changed the output of NAME, a logical path."""
    from assetbuild.build.why import explain

    def work(config: Config) -> Outcome:
        found = explain(config, name)
        data = {"logical": found.logical, "output": found.output, "lines": documents.lines(found.lines)}
        return Outcome(tuple(report.indented(found.lines)), data | {"data": found.data})

    return _configured(session, config_file, work)


@entry.command()
@_config_option
@_json_option
@click.pass_obj
def verify(session: Session, *, config_file: Path | None) -> Outcome:
    """Read the output folder again and compare it with the manifest: bytes, integrity, references."""
    from assetbuild.build import verify as verification

    return _configured(session, config_file, lambda config: _checked(verification.verify(config)))


@entry.command()
@_config_option
@click.option("--keep", metavar="N", type=click.IntRange(min=0), default=3, show_default=True, help="Releases to keep.")
@_dry_run_option
@_json_option
@click.pass_obj
def clean(session: Session, *, config_file: Path | None, keep: int, dry_run: bool) -> Outcome:
    """Remove files that neither the live release nor the newest N releases need."""
    from assetbuild.build import clean as cleaning

    def work(config: Config) -> Outcome:
        with _locked(session, config) as held:
            plan = cleaning.plan_clean(config.output, config.manifest, keep=keep, lock_held=held)
            return _removed(plan, () if dry_run else cleaning.apply(plan), dry_run=dry_run)

    return _configured(session, config_file, work)


@entry.command()
@_config_option
@_dry_run_option
@_json_option
@click.pass_obj
def clobber(session: Session, *, config_file: Path | None, dry_run: bool) -> Outcome:
    """Remove everything that assetbuild wrote, and nothing else."""
    from assetbuild.build import clean as cleaning

    def work(config: Config) -> Outcome:
        with _locked(session, config):
            plan = cleaning.plan_clobber(config.output, config.manifest, config.cache)
        # Out of the lock: its file is one of those that go, and Windows removes no open file.
        return _removed(plan, () if dry_run else cleaning.apply(plan), dry_run=dry_run)

    return _configured(session, config_file, work)


@contextlib.contextmanager
def _locked(session: Session, config: Config) -> Iterator[bool]:
    """Whether the lock of builds is held; where nothing was ever built there is none, and none is made."""
    from assetbuild.build.lock import build_lock

    if not config.cache.is_dir():
        yield False
        return
    with build_lock(config.cache, on_wait=lambda: session.err.show(["waiting for another build to end"])) as held:
        yield held


def _removed(plan: Plan, gone: tuple[Path, ...], *, dry_run: bool) -> Outcome:
    went = set(gone)
    removals = [removal for removal in plan.removals if dry_run or removal.path in went]
    lines = report.removed(removals, dry_run=dry_run)
    return Outcome(tuple(lines), documents.removed(removals, dry_run=dry_run), plan.problems)
