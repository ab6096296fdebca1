"""Joined scripts do in a real engine what they did one after the other."""

from __future__ import annotations

import pytest

from assetbuild.build.join_js import Joined, JoinInput, join, problems_of_input
from assetbuild.build.model import Severity
from assetbuild.build.scan_js import read
from tests.node import ask_node

_RUN = """
const vm = require('vm');
return input.map(texts => {
    const context = vm.createContext({log: []});
    for (const text of texts) {
        try { new vm.Script(text.replace(/^\\ufeff/, '')).runInContext(context) }
        catch (error) { context.log.push(error.name) }
    }
    return JSON.stringify(context.log);
});
"""
_SLOPPY = "log.push((function () { return this === undefined ? 'strict' : 'sloppy' })());"


def joined(*texts: str) -> Joined:
    return join([JoinInput(f"f{index}.js", text, read(text)) for index, text in enumerate(texts)])


def run(*scripts: list[str]) -> list[str]:
    """What each list of scripts logs, one after the other in one context; a byte-order mark goes, as when decoding."""
    logs = ask_node(_RUN, scripts)
    assert isinstance(logs, list)
    return logs


@pytest.mark.parametrize(
    "texts",
    [
        ("log.push(1) // c", "log.push(2)"),
        ("log.push(1) /* c */", "log.push(2)"),
        ("(function () { log.push(1) })()", "(function () { log.push(2) })()"),
        ("(function () { log.push(1) })()", "[2].forEach(x => log.push(x))"),
        ("var x = log", "`a`; x.push(1)"),
        ("var x = 4, log2 = log", "/2/g.test('2') && log.push(x)"),
        ("var x = function () { log.push(1) }", "(function () { log.push(2) })()"),
        ("x = 1\r\n", "log.push(x)\r\n"),
        ("log.push(1)", "", "log.push(2)"),
        ("", "log.push(1)"),
        ("// only a comment", "log.push(1)"),
        ("log.push(1)", "\ufefflog.push(2)"),
        ("\ufefflog.push(1)", "log.push(2)"),
        ("#!/usr/bin/env node\nlog.push(1)", "#!/usr/bin/env node\nlog.push(2)"),
        ("\ufeff#!/usr/bin/env node\nlog.push(1)", "\ufeff#!/x\nlog.push(2)"),
        ("", "#!/x\nlog.push(2)"),
        ("log.push(1)", "--> a comment\nlog.push(2)"),
        ("var i = 1; i", "--> log.push(3)\nlog.push(i)"),
        ("<!-- a comment\nlog.push(1)", "log.push(2) <!-- another"),
        ("log.push(1)\n//# sourceMappingURL=a.map", "log.push('//# sourceMappingURL=b.map')\n//# sourceMappingURL=c"),
        ("var a = 1/*# sourceMappingURL=a.map */\nvar b = 2", "log.push(a, b)"),
        ("var a = 1/*# sourceMappingURL=a.map\n*/var b = 2", "log.push(a, b)"),
        ("var a/*# sourceMappingURL=a.map */= 1", "var/*# sourceMappingURL=a.map */b = 2; log.push(a, b)"),
        ("do log.push(1); while (0)", "log.push(2)"),
        ("var i = 0; i", "++i; log.push(i)"),
        ("'a'", "'b'; " + _SLOPPY),
    ],
)  # fmt: skip
def test_a_bundle_does_what_its_files_did_one_after_the_other(texts: tuple[str, ...]) -> None:
    result = joined(*texts)
    apart, together = run([*texts], [result.text])
    assert together == apart
    assert "Error" not in together


@pytest.mark.parametrize(
    ("texts", "strictness", "noted"),
    [
        (("'use strict';" + _SLOPPY, _SLOPPY), ["sloppy", "sloppy"], ["f0.js"]),
        (("'use strict'\n" + _SLOPPY, _SLOPPY), ["sloppy", "sloppy"], ["f0.js"]),
        (("'a'\n'use strict'\n'use strict'\n" + _SLOPPY, _SLOPPY), ["sloppy", "sloppy"], ["f0.js"]),
        ((_SLOPPY, "'use strict';" + _SLOPPY), ["sloppy", "sloppy"], ["f1.js"]),
        (("// c", "'use strict';" + _SLOPPY, _SLOPPY), ["sloppy", "sloppy"], ["f1.js"]),
        (("'use strict';" + _SLOPPY, "'use strict';" + _SLOPPY), ["strict", "strict"], []),
        (
            ("", "/*! licence */", "'use strict';" + _SLOPPY, "// c", '"use strict";' + _SLOPPY),
            ["strict", "strict"],
            [],
        ),
        (("'use strict';" + _SLOPPY,), ["strict"], []),
        ((_SLOPPY, "(function () { 'use strict'; " + _SLOPPY + "})()"), ["sloppy", "strict"], []),
    ],
)
def test_use_strict_never_spreads_and_never_goes_silently(
    texts: tuple[str, ...], strictness: list[str], noted: list[str]
) -> None:
    result = joined(*texts)
    (log,) = run([result.text])
    assert log == str(strictness).replace("'", '"').replace(" ", "")
    assert [problem.place.path for problem in result.problems if problem.place] == noted
    assert {problem.severity for problem in result.problems} <= {Severity.NOTE}
    assert all(problem.code == "strict-dropped" and problem.hint for problem in result.problems)


def test_source_map_comments_go_and_the_same_text_in_a_string_stays() -> None:
    text = "x = '//# sourceMappingURL=s.map'\n//# sourceMappingURL=a.map"
    assert joined(text, "y").text == "x = '//# sourceMappingURL=s.map'\n\n;\ny"
    assert joined(text).text == text


def test_marks_are_made_on_the_way_and_go_with_their_comment() -> None:
    text = "#!x\nimport('./é.js')\n//# sourceMappingURL=a.map"
    reference, source_map = read(text).references
    marks = tuple((item.start, item.end, "MARK") for item in (reference, source_map))
    inputs = [JoinInput("a.js", "y", read("y")), JoinInput("b.js", text, read(text), marks)]
    assert join(inputs).text == "y\n;\n\nimport('MARK')\n"


@pytest.mark.parametrize("text", ["x", "\ufeffx", "", "'use strict'; x", "//# sourceMappingURL=a.map"])
def test_what_can_be_joined_has_no_problem(text: str) -> None:
    assert problems_of_input("a.js", text, read(text)) == ()


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("x\n  import 'y'", "module-in-bundle", 2, 3),
        ("x\nexport default 1", "module-in-bundle", 2, 1),
        ("x(import.meta.url)", "module-in-bundle", 1, 3),
        ("x\nawait y", "module-in-bundle", 2, 1),
        ("x = 1;\ny = ;\n", "js-syntax", 2, 3),
        ("x = 1\n/* not closed", "js-syntax", 2, 1),
        ("x = 1\ny = `not closed", "js-syntax", 2, 5),
        ("if (a) b; else", "js-syntax", 1, 11),
    ],
)
def test_what_cannot_be_joined_is_an_error_at_its_place(text: str, code: str, line: int, column: int) -> None:
    (problem,) = problems_of_input("a.js", text, read(text))
    assert problem.place is not None
    assert (problem.code, problem.severity, problem.place.path) == (code, Severity.ERROR, "a.js")
    assert (problem.place.line, problem.place.column) == (line, column)
    assert "on its own" in problem.hint
