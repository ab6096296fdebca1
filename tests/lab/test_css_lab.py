"""Every style sheet of workload L after our minifying, judged by lightningcss and css-tree; and how small they become.

The counts are left in `benchmarks/.work/lab/css.json`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
import rcssmin

from assetbuild.build.encoding import decode_css
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.processors import for_any_text
from assetbuild.build.prove_css import same
from assetbuild.build.registry import create
from tests.lab.corpus import fetch_l
from tests.lab.css_tools import Judges, judges
from tests.workload import WORK

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("css-lab")]

SHEETS = 432
"""So many different style sheets are in workload L: none is lost on the way."""

UNREAD = {
    "foundation/css/": "Invalid media query",  # `(min-width:0\0)`, for Internet Explorer only
    "swiper/modules/": "Pseudo-elements like '::before' or '::after' can't be followed by selectors like 'Colon'",
}
"""Where lightningcss does not read a sheet as it is, and drops what it cannot read: the folder, and the reason."""

AT_MOST = {"": 1.012, " without licences": 1.01}
"""Our size after brotli in that of lightningcss, as published and without any licence on either side.

Without them it is within 1 %. lightningcss drops every licence that does not stand before all rules, and we none, so
that with them it has less to write. What else it gains is by changing values (rounded numbers, opacities in 255 steps),
by merging rules that are no neighbours and by notations that older browsers do not read: the proof allows none.
"""

_alone = for_any_text(rcssmin.cssmin)
_RCSSMIN = create(ProcessorSpec("rcssmin"), TextKind.CSS)
_WITHOUT_LICENCES = create(ProcessorSpec("rcssmin", (("keep_licences", False),)), TextKind.CSS)


@functools.cache
def sheets() -> tuple[Path, ...]:
    """The different style sheets of workload L."""
    found = sorted(file for file in fetch_l().rglob("*.css") if file.is_file())
    return tuple({hashlib.sha256(file.read_bytes()).digest(): file for file in reversed(found)}.values())[::-1]


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judges]:
    with judges(tmp_path_factory.mktemp("judges")) as running:
        yield running


def test_every_sheet_of_the_libraries_is_minified_and_read_alike_by_both_judges_and_small(judging: Judges) -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for file in sheets():
        name = file.relative_to(fetch_l()).as_posix()
        text = decode_css(file.read_bytes()).text
        processed = _RCSSMIN(text)
        verdict = judging.compare(text, processed.text)
        counts["sheets"] += 1
        counts[processed.way.value] += 1
        counts["rcssmin would damage"] += not same(text, _alone(text))
        if processed.way.value == "unchanged":
            wrong.append(f"{name}: not minified: {processed.reason}")
        wrong += [f"{name}: lightningcss: {difference}" for difference in verdict.lightningcss if difference]
        wrong += [f"{name}: css-tree: {difference}" for difference in verdict.csstree if difference]
        if verdict.lightning_refusal:
            counts["not read by lightningcss as a whole"] += 1
            if not any(name.startswith(folder) and why in verdict.lightning_refusal for folder, why in UNREAD.items()):
                wrong.append(f"{name}: lightningcss refuses it: {verdict.lightning_refusal}")
        counts["css-tree recovered in"] += bool(verdict.tree_refusal)
        alone = _WITHOUT_LICENCES(text).text
        for what, result in (
            ("as published", text),
            ("ours", processed.text),
            ("ours without licences", alone),
            ("lightningcss", verdict.printed),
            ("lightningcss without licences", verdict.code),
        ):
            counts[f"{what}, characters"] += len(result)
            counts[f"{what}, brotli"] += len(brotli.compress(result.encode("utf-8", "surrogateescape"), quality=11))
    ratios = {kind: counts[f"ours{kind}, brotli"] / counts[f"lightningcss{kind}, brotli"] for kind in AT_MOST}
    record = counts | {f"of lightningcss{kind}": round(ratio, 4) for kind, ratio in ratios.items()}
    target = WORK / "lab" / "css.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    assert wrong == []
    assert counts["sheets"] == SHEETS
    assert {kind: ratio for kind, ratio in ratios.items() if ratio > AT_MOST[kind]} == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@layer x{.f :hover{a:b}}", "@layer x{.f:hover{a:b}}"),
        (".f{.g :hover{color:red}}", ".f{.g:hover{color:red}}"),
        (".a *{color:red}", ".a*{color:red}"),
        ("a{--b:c, d}", "a{--b:c,d}"),
        ('a{b:url("My Font.woff2")}', 'a{b:url("MyFont.woff2")}'),
        ("a{margin:.5px}", "a{margin:.05px}"),
        ("a{color:#aabbcd}", "a{color:#abc}"),
        ("a{margin:1px 2px 1px 3px}", "a{margin:1px 2px}"),
        ("a{flex:none}", "a{flex:auto}"),
        ('[a="b c"]{color:red}', "[a=b]{color:red}"),
        ("a{width:calc(1px + 2px)}", "a{width:calc(1px - 2px)}"),
        ("a:before{color:red}", "a:after{color:red}"),
    ],
)
def test_both_judges_see_a_difference(judging: Judges, before: str, after: str) -> None:
    verdict = judging.compare(before, before, after)
    assert verdict.lightningcss[0] == verdict.csstree[0] == ""
    assert verdict.lightningcss[1]
    assert verdict.csstree[1]
