"""The commands that work at a target, such as `publish` and `doctor`; what `verify` and `why` ask there.

As thin as `cli.py`, whose group imports them when one is named. What is needed is imported by each: boto3 alone takes
longer than most commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assetbuild import cells, documents, outcome, report
from assetbuild.build.events import Progress
from assetbuild.build.model import BuildFailed, Config, Problem
from assetbuild.cli_shared import (
    config_option,
    configured,
    dry_run_option,
    environment_option,
    json_option,
    progress,
)
from assetbuild.outcome import Outcome, Session
from assetbuild.progress import Bar

if TYPE_CHECKING:
    from assetbuild.build.ledger import Release
    from assetbuild.build.remote import Held, Remote, Sent


def _at_target(
    session: Session, config_file: Path | None, environment: str, work: Callable[[Config, Remote], Outcome]
) -> Outcome:
    """Do `work` at the target. Ctrl-C is an answer of its own: what had arrived is there, and counts next time."""
    from assetbuild.build import publish_local

    def at(config: Config) -> Outcome:
        with (
            progress(session) as bar,
            publish_local.opened(config, environment=environment, listener=_Meter(session, bar)) as remote,
        ):
            return work(config, remote)

    try:
        with outcome.terminated_like_interrupted():
            return configured(session, config_file, at, runs_processors=False)
    except KeyboardInterrupt as error:
        hint = "run it again: it goes on from there; `assetbuild releases` says what is live"
        return _ended(error, "what has been done at the target stays done, and no release is broken", hint)


def _ended(error: KeyboardInterrupt, what: str, hint: str = "") -> Outcome:
    """Ctrl-C or SIGTERM, and what that means for the target."""
    by, code = ("stopped from the keyboard", outcome.INTERRUPTED)
    if isinstance(error, outcome.Terminated):
        by, code = ("ended by SIGTERM", outcome.TERMINATED)
    return Outcome(problems=(Problem("interrupted", f"{by}; {what}", hint=hint),), code=code)


class _Meter:
    """A listener of what is sent, which tells the progress bar what is left. Called from any thread."""

    def __init__(self, session: Session, bar: Bar) -> None:
        self._session, self._bar = session, bar
        self._total, self._is_waiting = 0, False

    def __call__(self, event: Sent | Held) -> None:
        from assetbuild.build.remote import Held

        if isinstance(event, Held):
            if not self._is_waiting:
                self._session.err.show(["waiting for a prune of this target to end, ten minutes at most"])
            self._is_waiting = True
            return
        self._total = max(self._total, event.left + 1)
        self._bar(Progress("send", self._total - event.left, self._total, cells.human(event.bytes_left)))


# --- publish ---------------------------------------------------------------------------------------------


@click.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Say what would be sent and why; send nothing.")
@click.option("--force", is_flag=True, help="Send every object, whatever is there: mends what others changed.")
@environment_option
@json_option
@click.pass_obj
def publish(session: Session, *, config_file: Path | None, dry_run: bool, force: bool, environment: str) -> Outcome:
    """Send the build to the target of [publish] and make it live there."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import publish, publish_cost, publish_local

        started = time.monotonic()
        local, policy = publish_local.local(config), publish_local.policy(config)
        carry_out = publish.plan if dry_run else publish.publish
        done = carry_out(remote, local, policy, anew=force)
        plain = sum(entry.get("stable", False) for entry in local.manifest["assets"].values())
        cost = publish_cost.cost(done, plain=plain)
        if dry_run:
            lines = report_publish.planned(done, remote, cost)
        else:
            lines = report_publish.published(done, remote, cost, elapsed=time.monotonic() - started)
        return Outcome(tuple(lines), documents_publish.published(done, remote, cost, dry_run=dry_run))

    return _at_target(session, config_file, environment, work)


# --- releases --------------------------------------------------------------------------------------------


@click.command()
@config_option
@environment_option
@json_option
@click.pass_obj
def releases(session: Session, *, config_file: Path | None, environment: str) -> Outcome:
    """List what was live at the target, the newest first."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import history

        found = history.releases(remote)
        return Outcome(tuple(report_publish.releases(found, remote)), documents_publish.releases(found, remote))

    return _at_target(session, config_file, environment, work)


@click.command()
@click.argument("build", metavar="ID")
@config_option
@environment_option
@json_option
@click.pass_obj
def rollback(session: Session, *, build: str, config_file: Path | None, environment: str) -> Outcome:
    """Make the release live again whose build id begins with ID; every object of it has to be there."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import history

        whole = history.find(remote, build).build
        now = history.rollback(remote, whole)
        line = report_publish.live(whole, now, report_publish.place(remote))
        return Outcome((line,), documents_publish.rolled_back(whole, now, remote))

    return _at_target(session, config_file, environment, work)


# --- prune -----------------------------------------------------------------------------------------------


@click.command()
@config_option
@dry_run_option
@click.option("--max-delete", metavar="N", type=click.IntRange(min=0), help="Remove nothing where it would be more.")
@json_option
@click.pass_obj
def prune(session: Session, *, config_file: Path | None, dry_run: bool, max_delete: int | None) -> Outcome:
    """Remove from the target what no kept release of any environment needs."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import prune, publish_local

        rules = publish_local.rules(config, most=max_delete)
        removal, failed = (prune.plan_prune(remote, rules), ()) if dry_run else prune.prune(remote, rules)
        left = [error.key for error in failed]
        lines = report_publish.pruned(removal, dry_run=dry_run, failed=left)
        data = documents_publish.pruned(removal, remote, dry_run=dry_run, failed=left)
        return Outcome(tuple(lines), data, tuple(error.problem() for error in failed))

    return _at_target(session, config_file, "", work)


# --- what other commands ask at the target ---------------------------------------------------------------


def verify_remote(
    session: Session, *, config_file: Path | None, environment: str, public: bool, origin: str
) -> Outcome:
    """What `verify --remote` does: the live release, object by object, and with `public` as browsers see it."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import public_url, publish_verify

        if public and not config.publish.public_url:
            hint = 'write public_url = "https://cdn.example.com/assets/" below [publish]'
            place = config.place("publish")
            raise BuildFailed(
                [Problem("publish-no-url", "`[publish]` has no `public_url`", place, hint=hint)], exit_code=2
            )
        release = _live(remote)
        problems = publish_verify.verify_release(remote, release)
        asked: tuple[str, ...] = ()
        if public and not any(problem.code == "remote-missing" for problem in problems):
            looked = public_url.look(release, config.publish.public_url, origin=origin)
            problems, asked = (*problems, *looked.problems), looked.urls
        lines = () if problems else tuple(report_publish.whole(release, remote, asked))
        return Outcome(lines, documents_publish.verified(release, remote, asked), problems)

    return _at_target(session, config_file, environment, work)


def _live(remote: Remote) -> Release:
    from assetbuild import report_publish

    live = remote.ledger.live(remote.environment)
    if live is None:
        text = f"nothing was published yet in {report_publish.place(remote)}"
        raise BuildFailed([Problem("release-unknown", text, hint="run `assetbuild publish`")])
    release = remote.ledger.release(live.build)
    if release is None:
        text = f"the live release {live.build[:8]} has no record in {report_publish.place(remote)}"
        raise BuildFailed([Problem("release-unknown", text, hint="publish that build again")])
    return release


def why_remote(session: Session, *, name: str, config_file: Path | None) -> Outcome:
    """What `why NAME --remote` does: which releases keep an object, by its key or its logical path."""

    def work(config: Config, remote: Remote) -> Outcome:
        from assetbuild import documents_publish, report_publish
        from assetbuild.build import history

        builds = history.needing(remote, name)
        live = dict(_live_builds(remote))
        lines = report_publish.needed(name, builds, live)
        data = {"logical": name, "output": "", "lines": documents.lines(lines)}
        return Outcome(tuple(report.indented(lines)), data | {"data": documents_publish.needed(builds, live)})

    return _at_target(session, config_file, "", work)


def _live_builds(remote: Remote) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each live build with its environments, sorted."""
    seen: dict[str, str] = {}
    for entry in remote.ledger.activations():
        seen.setdefault(entry.environment, entry.build)
    for build in sorted(set(seen.values())):
        yield build, tuple(sorted(environment for environment, one in seen.items() if one == build))


# --- doctor ----------------------------------------------------------------------------------------------


@click.command()
@config_option
@click.option("--parts", is_flag=True, help="Also send a body of 16 MiB, in parts.")
@click.option("--origin", metavar="URL", default="", help="The app's origin, which CORS must allow.")
@json_option
@click.pass_obj
def doctor(session: Session, *, config_file: Path | None, parts: bool, origin: str) -> Outcome:
    """Find out whether publishing would work: this machine, the build, and what the target can do."""
    from assetbuild import report_doctor
    from assetbuild.build import config as configuration
    from assetbuild.build import doctor, doctor_findings

    file, folder = config_file or session.config, Path.cwd()
    try:
        with outcome.terminated_like_interrupted():
            found = doctor.diagnose(
                lambda: configuration.load(file, folder=folder), doctor.Wanted(sends_parts=parts, origin=origin)
            )
    except KeyboardInterrupt as error:
        return _ended(error, "what it had written at the target to look at it was removed again")
    problems = dict.fromkeys(each for section in found for one in section.findings for each in one.problems)
    lines, data = report_doctor.lines(found), report_doctor.document(found)
    return Outcome(tuple(lines), data, tuple(problems), code=0 if doctor_findings.works(found) else 1)
