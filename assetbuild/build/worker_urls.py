"""Workers that a script names relative to the page: that the URL will not be found, and what to write instead.

Says it only where the path means an asset as seen from the script or from the root; what the page's URL is, nobody
knows here. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from assetbuild.build import urls
from assetbuild.build.globs import Globs
from assetbuild.build.js_references import Loads, PageUrl
from assetbuild.build.model import Problem, Severity, Source, place_at


def problems(
    source: Source, text: str, urls_of_page: Sequence[PageUrl], *, stable: Globs, assets: Collection[str]
) -> Iterator[Problem]:
    """One warning for each URL of a worker that is an asset with a hashed name; `text` is the script's."""
    for url in urls_of_page:
        target = _target(url, source.logical, assets)
        if target is None or stable.matches(target):
            continue
        words = f'"{url.path}" is relative to the page, so it is left as it is, and {target} gets a hashed name'
        hint = _hint(url, target, source.logical)
        yield Problem("worker-url", words, place_at(source.file, text, url.start), severity=Severity.WARNING, hint=hint)


def _target(url: PageUrl, logical: str, assets: Collection[str]) -> str | None:
    path = urls.decode(url.path)
    candidates = () if path is None else (urls.normalise(urls.folder_of(logical), path), urls.normalise("", path))
    return next((name for name in candidates if name is not None and name in assets), None)


def _hint(url: PageUrl, target: str, logical: str) -> str:
    if url.loads == Loads.SERVICE_WORKER.value:
        return f'add "{target}" to `stable`: the scope of a service worker depends on its URL, which has to stay'
    path = urls.relative(target, folder=urls.folder_of(logical), dotted=True)
    made = "SharedWorker" if url.loads == Loads.SHARED_WORKER.value else "Worker"
    return (
        f'write new {made}(new URL("{path}", import.meta.url)) in a module; in a classic script, which has no '
        f'import.meta, add "{target}" to `stable`'
    )
