"""What phases found wrong, in order; a build ends after a phase that found an error. Knows no phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from assetbuild.build.model import BuildFailed, Problem, Severity


class Report:
    """Collects problems, each where `placed` says that it stands."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.placed: Callable[[Problem], Problem] = lambda problem: problem

    def phase(self, problems: Iterable[Problem]) -> None:
        """Raises `BuildFailed` where there is an error among the problems so far."""
        self.problems += dict.fromkeys(map(self.placed, problems))
        if any(problem.severity is Severity.ERROR for problem in self.problems):
            raise BuildFailed(self.problems)
