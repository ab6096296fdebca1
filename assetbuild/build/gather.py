"""What a build is made of: the sources below the roots, the texts that webassets makes, the blocks of templates.

The first phases of the line. Knows nothing of what is in a source: that is scanned by what follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from assetbuild.build import block_plan, template_blocks, webassets_texts
from assetbuild.build.cache import Cache
from assetbuild.build.discover import discover
from assetbuild.build.events import Listener
from assetbuild.build.model import Config, Namespace
from assetbuild.build.phase_report import Report
from assetbuild.build.tree import Tree


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a build is made of: the sources, with texts that webassets makes and with the blocks of templates."""

    config: Config
    namespace: Namespace
    texts: webassets_texts.Texts
    collected: template_blocks.Collected
    plan: block_plan.BlockPlan


def gather(config: Config, found: Tree, report: Report, *, cache: Cache | None, listener: Listener) -> Gathered:
    """Raises `BuildFailed` through `report`."""
    texts = webassets_texts.with_texts(config, found, cache=cache, listener=listener)
    collected = template_blocks.collect(found.templates)
    plan, problems = block_plan.plan(config, texts.found, collected)
    report.phase([*texts.problems, *collected.problems, *problems])
    report.placed = plan.placed
    namespace, problems = discover(plan.config, plan.found)
    namespace, unpublished = plan.published(namespace)
    report.phase([*problems, *unpublished])
    return Gathered(plan.config, namespace, texts, collected, plan)
