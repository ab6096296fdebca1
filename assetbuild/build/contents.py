"""Where an output's content comes from: what a step made, code in a template, or the bytes of its source.

Reads a source only to digest what is shipped as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assetbuild.build import tree
from assetbuild.build.events import Done, Listener, Work
from assetbuild.build.execute import Compiled
from assetbuild.build.model import Blob, Problem, Source, Text
from assetbuild.build.plan import Step
from assetbuild.build.state import State


def digester(sources: Mapping[str, Source], last: State, listener: Listener) -> Callable[[str], Blob | Problem]:
    """Digests a source by logical path, without reading what the last build has read."""

    def digest(logical: str) -> Blob | Problem:
        source = sources[logical]
        if (known := last.blob(source)) is not None:
            return known
        try:
            blob = tree.digest(source)
        except OSError as error:
            return tree.unreadable(source, error)
        listener(Done(Work.READ, logical))
        return blob

    return digest


def content_of(
    step: Step, compiled: Mapping[str, Compiled], blobs: Mapping[str, Blob], sources: Mapping[str, Source]
) -> Text | Blob:
    """What a step made, or its source's own bytes; of code in a template its text, as there is no file to copy."""
    result = compiled.get(step.logical)
    if result is not None and result.content is not None:
        return result.content
    source = sources.get(step.logical)
    if source is not None and source.data is not None:
        return Text((source.data.decode("utf-8-sig"),))
    return blobs[step.logical]
