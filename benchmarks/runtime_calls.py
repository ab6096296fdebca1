"""`python -m benchmarks.runtime_calls`: what calls of the run-time half cost, each beside what to compare it with.

One function per row, which gives a `Row`; `rows` gives all. Loops are timed in one process in turns, and of many rounds
the shortest counts: what else the machine does can only make one longer. It is a measurement and never a test.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
from jinja2 import Environment

from assetbuild import Assets
from assetbuild.flask import Assetbuild
from assetbuild.jinja import install
from benchmarks.wanted import Judged
from tests.runtime_helpers import document, dump, write

ROUNDS = 15
ENTRIES = 10_000
_NAME = "css/app.css"
_FILES: dict[str, str | bytes] = {
    _NAME: "a{}",
    "fonts/text.woff2": "font",
    "js/main.js": "import './a.js'",
    **{f"js/m{number}.js": f"export {number}" for number in range(20)},
}
_MEMBERS: dict[str, dict[str, Any]] = {
    _NAME: {"preload": ["fonts/text.woff2"]},
    "js/main.js": {"module": True, "imports": [f"js/m{number}.js" for number in range(20)]},
}
_CALL = "it is one call with one hit in it, and between 2.9 and 3.4 from run to run"
_CHECKED = "a manifest that is broken anywhere is refused at the start, so every entry is looked at"
_LINK = '<link href="{{ asset_url("css/app.css") }}">'


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds per call of ours, and of what it is compared with.

    `wanted`: at most so many times the other, or `wanted_us` microseconds; None where nothing is asked.
    """

    title: str
    ours: float
    other_title: str
    other: float
    wanted: float | None = None
    wanted_us: float | None = None
    reason: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.other

    def judged(self) -> Judged | None:
        if self.wanted_us is not None:
            return Judged(self.title, "", self.wanted_us, self.ours * 1e6, unit="µs", reason=self.reason)
        if self.wanted is not None:
            return Judged(self.title, self.other_title, self.wanted, self.ratio, reason=self.reason)
        return None


def rows() -> list[Judged]:
    """Of all that is measured, what something is asked of."""
    with tempfile.TemporaryDirectory() as folder:
        judged = [row.judged() for row in measured(Path(folder))]
    return [one for one in judged if one is not None]


def measured(folder: Path) -> Iterator[Row]:
    """All rows. `folder` is one to write to."""
    for measure in (
        url_and_dict,
        jinja_literal_and_constant,
        url_and_flask,
        url_for_and_flask,
        tags_and_dict,
        tags_with_nonce,
        load_and_json,
        load_plain_and_json,
    ):
        inner = folder / measure.__name__
        inner.mkdir()
        yield measure(inner)


def url_and_dict(folder: Path) -> Row:
    """`Assets.url`, and the dictionary that it could be at best."""
    assets = _assets(folder)
    hits = {_NAME: assets.url(_NAME)}
    ours, other = _per_call("call(name)", {"call": assets.url}, "hits[name]", {"hits": hits})
    return Row("`url(name)`", ours, "a dict hit", other, wanted=3, reason=_CALL)


def jinja_literal_and_constant(folder: Path) -> Row:
    """A render of a template with a literal look-up, and of one with the URL written in."""
    env = Environment(autoescape=True)
    assets = _assets(folder)
    install(env, assets)
    ours = env.from_string(_LINK)
    constant = env.from_string(f'<link href="{assets.url(_NAME)}">')
    took, other = _per_call("render()", {"render": ours.render}, "render()", {"render": constant.render})
    return Row("Jinja, `asset_url` of a literal", took, "the URL written in", other, wanted=1.05)


def url_and_flask(folder: Path) -> Row:
    """`Assets.url`, and Flask's own `url_for`, which answers without a hash."""
    assets = _assets(folder)
    plain = flask.Flask("page", root_path=str(folder))
    with plain.test_request_context():
        ours, other = _per_call(
            "call(name)", {"call": assets.url}, "call('static', filename=name)", {"call": flask.url_for}
        )
    return Row("`url(name)`", ours, "Flask's `url_for`", other, wanted=1 / 80)


def url_for_and_flask(folder: Path) -> Row:
    """`url_for("static")` of an app with the extension, and of one without."""
    write(folder / "static", _FILES, _MEMBERS, with_files=True)
    app, plain = (flask.Flask("page", root_path=str(folder)) for _ in range(2))
    app.config["ASSETBUILD_MANIFEST"] = "static/manifest.json"
    Assetbuild(app)
    statement = "call('static', filename=name)"
    with app.test_request_context():
        (ours, _) = _per_call(statement, {"call": flask.url_for}, "pass", {})
    with plain.test_request_context():
        (other, _) = _per_call(statement, {"call": flask.url_for}, "pass", {})
    return Row("`url_for` with the extension", ours, "Flask's `url_for`", other)


def tags_and_dict(folder: Path) -> Row:
    """`Assets.tags` of a module with 20 preloads."""
    tags = _assets(folder).tags
    ours, other = _per_call("call('js/main.js')", {"call": tags}, "hits[name]", {"hits": {_NAME: ""}})
    return Row("`tags(entry)` with 20 preloads", ours, "a dict hit", other, wanted_us=1)


def tags_with_nonce(folder: Path) -> Row:
    """The same with a nonce, which is another in every page."""
    tags = _assets(folder).tags
    ours, other = _per_call("call('js/main.js', nonce='r4nd0m-_')", {"call": tags}, "hits[name]", {"hits": {_NAME: ""}})
    return Row("`tags(entry, nonce=...)` with 20 preloads", ours, "a dict hit", other)


def load_and_json(folder: Path) -> Row:
    """Loading a manifest whose assets all have two variants, and only reading its JSON."""
    return _load(folder, "with two variants each", variants=("gzip", "br"))


def load_plain_and_json(folder: Path) -> Row:
    return _load(folder, "without variants", variants=())


def _load(folder: Path, what: str, *, variants: tuple[str, ...]) -> Row:
    files: dict[str, str | bytes] = {f"js/lib{n % 50}/module-{n}.js": str(n) for n in range(ENTRIES)}
    manifest = folder / "manifest.json"
    manifest.write_bytes(dump(document(files, {name: {"variants": variants} for name in files})))
    ours, other = _in_turns(lambda: Assets.load(manifest), lambda: json.loads(manifest.read_bytes()))
    title = f"`Assets.load`, {ENTRIES:,} entries {what}"
    return Row(title, ours, "`json.loads` of the file", other, wanted=1.3, reason=_CHECKED)


def _assets(folder: Path) -> Assets:
    return Assets.load(write(folder / "out", _FILES, _MEMBERS), base_url="/static/")


def _per_call(
    statement: str, names: dict[str, object], other: str, other_names: dict[str, object]
) -> tuple[float, float]:
    """Seconds that each statement takes, without what the loop itself takes."""
    timers = [
        timeit.Timer(statement, globals={"name": _NAME, **names}),
        timeit.Timer(other, globals={"name": _NAME, **other_names}),
        timeit.Timer("pass"),
    ]
    number = max(1000, int(0.02 / max(1e-9, timers[0].timeit(1000) / 1000)))
    best = [float("inf")] * 3
    for _ in range(ROUNDS):
        best = [min(old, timer.timeit(number) / number) for old, timer in zip(best, timers, strict=True)]
    return best[0] - best[2], max(best[1] - best[2], 1e-12)


def _in_turns(*works: Callable[[], object]) -> tuple[float, float]:
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for index, work in enumerate(works):
            gc.collect()
            started = time.process_time()
            made = work()
            best[index] = min(best[index], time.process_time() - started)
            del made
    return best[0], best[1]


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3f} µs"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(Path(folder)):
            asked = row.judged()
            wanted = f"   {asked.verdict}, wanted {asked.wanted:.4g}{asked.unit}" if asked else ""
            print(
                f"{row.title}: {_duration(row.ours)}; {row.other_title}: {_duration(row.other)}; "
                f"ratio {row.ratio:.4g}{wanted}"
            )


if __name__ == "__main__":
    main()
