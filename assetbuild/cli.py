"""The command line: reads options, calls one function of the build half, hands over what it gives back.

Knows no stream and no exit code but through `outcome`. What a command needs is imported by that command: `ls` starts
without the compiler.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assetbuild import __version__, cells, documents, outcome, report
from assetbuild.build.model import Config, Problem, Severity
from assetbuild.build.results import Built
from assetbuild.cli_shared import (
    config_option,
    configured,
    dry_run_option,
    environment_option,
    json_option,
    progress,
)
from assetbuild.outcome import Outcome, Session, Stream

if TYPE_CHECKING:
    from assetbuild.build.clean import Plan


def run(arguments: Sequence[str]) -> int:
    """Run one command line, write what it has to say and return its exit code."""
    return outcome.carry_out(entry, arguments)


# --- what the commands share -----------------------------------------------------------------------------

_dev_option = click.option("--dev", is_flag=True, help="No minifying, no compressed variants.")
_jobs_option = click.option(
    "--jobs", metavar="N", type=click.IntRange(min=1), help="Threads and processes; one per core by default."
)


# --- commands --------------------------------------------------------------------------------------------


_AT_TARGET = ("doctor", "prune", "publish", "releases", "rollback")
"""The commands of `cli_publish`."""


class _Commands(click.Group):
    """Those of `cli_publish` are imported when one of them is named: most command lines name another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *_AT_TARGET})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _AT_TARGET and cmd_name not in self.commands:
            from assetbuild import cli_publish

            self.add_command(getattr(cli_publish, cmd_name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="assetbuild %(version)s")
@config_option
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
@config_option
@click.option("--plan", is_flag=True, help="Print what would change and why; write nothing.")
@click.option("--check", is_flag=True, help="Fail if the output is not up to date; write nothing.")
@click.option("--depfile", metavar="F", type=click.Path(path_type=Path), help="Write make/ninja dependencies to F.")
@click.option("--force", is_flag=True, help="Trust neither the cache nor what is in the output folder.")
@_jobs_option
@_dev_option
@json_option
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
    from assetbuild.build import pipeline

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
        with progress(session) as bar:
            if check or plan:
                from assetbuild.build import inspection

                if plan:
                    return _planned(inspection.plan(config, options=options, listener=bar))
                return _checked(inspection.check_output(config, options=options, listener=bar), mode="check")
            made = pipeline.build(config, options=options, listener=bar)
        if depfile:
            _write_depfile(config, made, depfile)
        return _built(made, session, elapsed=time.monotonic() - started)

    return configured(session, config_file, work)


def _built(made: Built, session: Session, *, elapsed: float) -> Outcome:
    lines = report.built(made, elapsed=elapsed, width=session.out.width)
    return Outcome(tuple(lines), lambda: documents.built(made, mode="build"), made.problems)


def _planned(made: Built) -> Outcome:
    lines = report.planned(made, assets=len(made.assets))
    return Outcome(tuple(lines), lambda: documents.built(made, mode="plan"), made.problems)


def _checked(problems: tuple[Problem, ...], *, mode: str = "") -> Outcome:
    return Outcome(() if problems else ("no problems",), {"mode": mode} if mode else {}, problems)


def _write_depfile(config: Config, built: Built, file: Path) -> None:
    """Paths as make is to see them: relative to where it runs, which is here, or absolute."""
    from assetbuild.build import depfile

    files = map(cells.relative, (str(config.file), *built.files))
    text = depfile.render(cells.relative(str(config.manifest)), files, map(cells.relative, built.folders))
    depfile.write(file, text, manifest=config.manifest, started_ns=built.started_ns)


@entry.command()
@config_option
@_jobs_option
@_dev_option
@click.option("--json", is_flag=True, expose_value=False, help="Print one JSON document per build, each on a line.")
@click.pass_obj
def watch(session: Session, *, config_file: Path | None, jobs: int | None, dev: bool) -> Stream:
    """Build, and build again after every change of a source or the config, until Ctrl-C."""
    from assetbuild import watched
    from assetbuild.build import config as configuration
    from assetbuild.build import pipeline, watcher, watching

    file, folder = config_file or session.config, Path.cwd()
    options = pipeline.Options(dev=dev, jobs=jobs or 0)

    def make(config: Config) -> Built:
        with progress(session) as bar:
            return pipeline.build(config, options=options, listener=bar)

    steps = watching.Steps(lambda: configuration.load(file, folder=folder), make)
    turns = watching.turns(watching.config_files(file, folder=folder), steps, watcher.observe)
    return Stream(watched.outcomes(turns))


@entry.command()
@config_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--unused", is_flag=True, help="List what is published and neither templates nor assets name.")
@json_option
@click.pass_obj
def check(session: Session, *, config_file: Path | None, strict: bool, unused: bool) -> Outcome:
    """Check config, references, bundles and templates without writing."""
    from assetbuild.build import inspection

    def work(config: Config) -> Outcome:
        with progress(session) as bar:
            if unused:
                found = _unused(*inspection.check_unused(config, listener=bar))
            else:
                found = _checked(inspection.check(config, listener=bar))
        is_warned = any(problem.severity is Severity.WARNING for problem in (*config.problems, *found.problems))
        return replace(found, code=1) if strict and is_warned else found

    return configured(session, config_file, work)


def _unused(problems: tuple[Problem, ...], names: tuple[str, ...] | None) -> Outcome:
    found = _checked(problems)
    if names is None:
        return found
    return replace(found, lines=tuple(map(cells.safe, names)) or found.lines, data={"unused": list(names)})


@entry.command()
@config_option
@json_option
@click.pass_obj
def ls(session: Session, *, config_file: Path | None) -> Outcome:
    """List the assets of the manifest: logical path, output, size, gzip, br."""
    from assetbuild import manifest

    def work(config: Config) -> Outcome:
        found = manifest.read(cells.relative(str(config.manifest)))
        lines = report.table(report.asset_rows(found["assets"], {}), width=session.out.width)
        data = documents.listing(build=found["build"], entries=found["assets"], importmap=found.get("importmap"))
        return Outcome(tuple(lines), data)

    return configured(session, config_file, work)


@entry.command()
@click.argument("name")
@config_option
@click.option("--remote", is_flag=True, help="Show which releases at the target need NAME, which may be a key there.")
@json_option
@click.pass_obj
def why(session: Session, *, name: str, config_file: Path | None, remote: bool) -> Outcome:
    """Show the chain of inputs that made or changed the output of NAME, a logical path."""
    if remote:
        from assetbuild import cli_publish

        return cli_publish.why_remote(session, name=name, config_file=config_file)
    from assetbuild.build.why import explain

    def work(config: Config) -> Outcome:
        found = explain(config, name)
        data = {"logical": found.logical, "output": found.output, "lines": documents.lines(found.lines)}
        return Outcome(tuple(report.indented(found.lines)), data | {"data": found.data})

    return configured(session, config_file, work)


@entry.command()
@config_option
@click.option("--remote", is_flag=True, help="Look at the live release at the target instead, object by object.")
@click.option("--public", is_flag=True, help="With --remote: also fetch one of each kind through public_url.")
@click.option("--origin", metavar="URL", default="", help="With --public: the app's origin, which CORS must allow.")
@environment_option
@json_option
@click.pass_obj
def verify(
    session: Session, *, config_file: Path | None, remote: bool, public: bool, origin: str, environment: str
) -> Outcome:
    """Read the output folder again and compare it with the manifest: bytes, integrity, references."""
    if not remote and (public or environment):
        raise click.UsageError("--public and --environment belong to --remote", click.get_current_context())
    if origin and not public:
        raise click.UsageError("--origin belongs to --public", click.get_current_context())
    if remote:
        from assetbuild import cli_publish

        return cli_publish.verify_remote(
            session, config_file=config_file, environment=environment, public=public, origin=origin
        )
    from assetbuild.build import verify as verification

    return configured(session, config_file, lambda config: _checked(verification.verify(config)))


@entry.command()
@config_option
@click.option("--keep", metavar="N", type=click.IntRange(min=0), default=3, show_default=True, help="Releases to keep.")
@dry_run_option
@json_option
@click.pass_obj
def clean(session: Session, *, config_file: Path | None, keep: int, dry_run: bool) -> Outcome:
    """Remove files that neither the live release nor the newest N releases need."""
    from assetbuild.build import clean as cleaning

    def work(config: Config) -> Outcome:
        with _locked(session, config) as held:
            plan = cleaning.plan_clean(config.output, config.manifest, keep=keep, lock_held=held)
            return _removed(plan, () if dry_run else cleaning.apply(plan), dry_run=dry_run)

    return configured(session, config_file, work)


@entry.command()
@config_option
@dry_run_option
@json_option
@click.pass_obj
def clobber(session: Session, *, config_file: Path | None, dry_run: bool) -> Outcome:
    """Remove everything that assetbuild wrote, and nothing else."""
    from assetbuild.build import clean as cleaning

    def work(config: Config) -> Outcome:
        with _locked(session, config):
            shaped = [path for _, path in config.other_manifests]
            plan = cleaning.plan_clobber(config.output, config.manifest, config.cache, shaped=shaped)
        # Out of the lock: its file is one of those that go, and Windows removes no open file.
        return _removed(plan, () if dry_run else cleaning.apply(plan), dry_run=dry_run)

    return configured(session, config_file, work)


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
