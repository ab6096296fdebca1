"""Joined scripts do in a real engine what they did one after the other."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build.join_js import Joined, JoinInput, join, problems_of_input
from assetbuild.build.js_hazards import Classic, hazards
from assetbuild.build.js_names import names
from assetbuild.build.model import Problem, Severity
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
        ("log.push(1) // c \\", "log.push(2)"),
        ("log.push(1)\r// c\r", "log.push(2)"),
        ("log.push(1)\u2028// c", "log.push(2)"),
        ("log.push(1) /* c\n*/", "--> log.push(3)\nlog.push(2)"),
        ("for (;;) break", "for (var i of [1]) continue; log.push(i)"),
        ("a: { log.push(1); break a }", "switch (1) { case 1: log.push(2); break }"),
        ("var async = 1; async", "(function () { log.push(2) })()"),
        ("var let_ = 1; let_", "[1].map(x => log.push(x))"),
        ("var get = 1; get", "`${log.push(1)}`"),
        ("x = { a: 1 }", "{ log.push(x.a) }"),
        ("if (0) log.push(1)", "log.push(2)"),
        ("throw_ = () => 1", "(log.push(throw_()))"),
        ("var a = 1, b = a", "++b\nlog.push(b)"),
        ("var c = class { static x = 1 }", "[c].map(c => log.push(c.x))"),
        ("/*! l */", "/*! m */ log.push(1)"),
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
        (("'a'", "'use strict';" + _SLOPPY, _SLOPPY), ["sloppy", "sloppy"], ["f1.js"]),
        (("'a'\n", "'b'", "'use strict'", "'use strict';" + _SLOPPY), ["sloppy"], ["f2.js", "f3.js"]),
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
        ("x = 1 \\", "js-syntax", 1, 1),
        ("x\nfor await (a of b);", "module-in-bundle", 2, 1),
        ("}", "js-syntax", 1, 1),
        (" #!/bin/node", "js-syntax", 1, 2),
        ("/* c */\n#!/bin/node", "js-syntax", 2, 1),
        ("#!/bin/node\rx = 1", "js-syntax", 1, 12),
        ("#!/bin/node\u2028x = 1", "js-syntax", 1, 12),
        ("function f() {", "js-syntax", 1, 15),
        ("x = 'not closed", "js-syntax", 1, 1),
    ],
)
def test_what_cannot_be_joined_is_an_error_at_its_place(text: str, code: str, line: int, column: int) -> None:
    (problem,) = problems_of_input("a.js", text, read(text))
    assert problem.place is not None
    assert (problem.code, problem.severity, problem.place.path) == (code, Severity.ERROR, "a.js")
    assert (problem.place.line, problem.place.column) == (line, column)
    assert "on its own" in problem.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import 'y'", "this is an ES module: `import` is a syntax error"),
        ("export {}", "this is an ES module: `export` is a syntax error"),
        ("x(import . meta.url)", "this is an ES module: `import.meta` is a syntax error"),
        ("await x", "this is an ES module, or no script at all: `await` outside functions"),
        ("for await (a of b);", "this is an ES module, or no script at all: `await` outside functions"),
    ],
)
def test_a_module_in_a_bundle_is_told_what_makes_it_one(text: str, words: str) -> None:
    (problem,) = problems_of_input("a.js", text, read(text))
    assert problem.text.startswith(words)


# --- what several scripts do to each other ---------------------------------------------------------------


def found(*texts: str) -> list[Problem]:
    inputs = [
        Classic(f"f{index}.js", f"f{index}.js", names(text, strict=read(text).strict), partial(str, text))
        for index, text in enumerate(texts)
    ]
    return [*hazards("all.js", inputs)]


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_TWICE, _FUNCTION, _EARLY = "name-declared-twice", "function-declared-twice", "used-before-declared"


@pytest.mark.parametrize(
    ("texts", "severity", "code", "place"),
    [
        (("let a", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("const a = 1", "\nclass a {}"), ERROR, _TWICE, "f1.js:2:7"),
        (("let a", "var a"), ERROR, _TWICE, "f1.js:1:5"),
        (("var a", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("function a() {}", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("let a", "function a() {}"), ERROR, _TWICE, "f1.js:1:10"),
        (("let a", "function* a() {}"), ERROR, _TWICE, "f1.js:1:11"),
        (("let a", "async function a() {}"), ERROR, _TWICE, "f1.js:1:16"),
        (("let a", "l: function a() {}"), ERROR, _TWICE, "f1.js:1:13"),
        (("let a", "{ var a }"), ERROR, _TWICE, "f1.js:1:7"),
        (("for (var a = 0; a < 1; a++);", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("for (var a of []);", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("try { } catch { if (1) { var { x: [a] } = { x: [] } } }", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("let \\u0061", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("let é", "let \\u{e9}"), ERROR, _TWICE, "f1.js:1:5"),
        (("{ function a() {} }", "let a"), ERROR, _TWICE, "f1.js:1:5"),
        (("var b", "let a; let a"), ERROR, _TWICE, "f1.js:1:12"),
        (("var b", "var a; let a"), ERROR, _TWICE, "f1.js:1:12"),
        (("log.push(1)", "return"), ERROR, "js-syntax", "f1.js:1:1"),
        (("if (1) { return }", "log.push(1)"), ERROR, "js-syntax", "f0.js:1:10"),
        (("break", "log.push(1)"), ERROR, "js-syntax", "f0.js:1:1"),
        (("switch (1) { case 1: continue }", "log.push(1)"), ERROR, "js-syntax", "f0.js:1:22"),
        (("log.push(a()); function a() { return 1 }", "function a() { return 2 }"), WARNING, _FUNCTION, "f1.js:1:10"),
        (("var a = 1", "log.push(typeof a); function a() {}"), WARNING, _FUNCTION, "f1.js:1:30"),
        (("{ function a() {} }", "log.push(a()); function a() { return 2 }"), WARNING, _FUNCTION, "f1.js:1:25"),
        (("log.push(typeof a)", "let a"), WARNING, _EARLY, "f0.js:1:17"),
        (("a = 1", "let a; log.push(a)"), WARNING, _EARLY, "f0.js:1:1"),
        (("{ let a = 4 }\na = 1", "class a { }"), WARNING, _EARLY, "f0.js:2:1"),
        (("log.push(typeof a)", "{ function a() {} } function a() {}"), NOTE, _EARLY, "f0.js:1:17"),
        (("log.push(typeof a)", "function a() {}"), NOTE, _EARLY, "f0.js:1:17"),
        (("a = 1", "function a() {}; log.push(typeof a)"), NOTE, _EARLY, "f0.js:1:1"),
    ],
)
def test_what_scripts_do_to_each_other_is_told_and_true(
    texts: tuple[str, ...], severity: Severity, code: str, place: str
) -> None:
    (problem,) = found(*texts)
    assert problem.place is not None
    where = f"{problem.place.path}:{problem.place.line}:{problem.place.column}"
    assert (problem.severity, problem.code, where) == (severity, code, place)
    assert problem.hint or severity is NOTE
    apart, together = run([*texts], [joined(*texts).text])
    if severity is ERROR:
        assert "SyntaxError" in apart + together
    else:
        assert apart != together


@pytest.mark.parametrize(
    "texts",
    [
        ("var a = 1; log.push(a)", "var a; log.push(a)"),
        ("function a() {}", "var a = 1; log.push(a)"),
        ("function a() { return 1 }; log.push(a())", "function a() { return 1 }; log.push(a())"),
        ("{ let a = 1; log.push(a) }", "let a = 2; log.push(a)"),
        ("(() => { let a = 1; log.push(a) })()", "let a = 2"),
        ("let a = 1", "(function () { var a = 2; function a() {} })(); log.push(a)"),
        ("'use strict'; { function a() {} }", "'use strict'; let a = 1; log.push(a)"),
        ("{ async function a() {} }", "let a = 1; log.push(a)"),
        ("{ function* a() {} }", "let a = 1; log.push(a)"),
        ("for (let a of [1]) log.push(a)", "let a = 2"),
        ("try { throw 1 } catch (a) { log.push(a) }", "let a = 2"),
        ("x = class a {}; log.push(typeof x)", "let a = 2"),
        ("class B { static { var a = 1; log.push(a) } }", "let a = 2"),
        ("const { key: value } = {}", "let key"),
        ("log.push(typeof a)", "var a"),
        ("x = () => a", "let a = 2; log.push(x())"),
        ("a: for (;;) { break a }", "let a = 1; log.push(a)"),
        ("let l = {a: 1}.a; log.push(l)", "let a = 2"),
        ("function f() { return 1 } while (1) { log.push(f()); break }", "do { continue } while (0)"),
    ],
)
def test_what_does_no_harm_is_not_told(texts: tuple[str, ...]) -> None:
    assert found(*texts) == []
    apart, together = run([*texts], [joined(*texts).text])
    assert apart == together
    assert "Error" not in together


def test_a_function_in_a_block_is_the_blocks_own_beside_a_let_before_it() -> None:
    # V8 refuses the second of two scripts here, where ECMA-262 (annex B.3.2.2) has it run as the one script does.
    texts = ("let a = 1", "{ function a() { return 2 } } log.push(a)")
    assert found(*texts) == []
    assert run([joined(*texts).text]) == ["[1]"]


@pytest.mark.parametrize(
    ("texts", "noted"),
    [
        (("x = document.currentScript.src", "y"), ["f0.js"]),
        (("y", "(function () { var s = document . currentScript })()"), ["f1.js"]),
        (("x = document.currentScript.src",), []),
        (("x = document.currentScript.src", "// c"), []),
        (("'document.currentScript'; /* document.currentScript */ other.currentScript", "y"), []),
    ],
)
def test_a_script_that_asks_for_its_element_is_told_whose_it_is(texts: tuple[str, ...], noted: list[str]) -> None:
    problems = joined(*texts).problems
    assert [problem.place.path for problem in problems if problem.place] == noted
    assert {(problem.code, problem.severity) for problem in problems} <= {("current-script", NOTE)}


_NAME = st.sampled_from("abc")
_VALUE = st.sampled_from(["1", "() => 2", "a", "typeof b"])
_STATEMENT = st.one_of(
    st.builds("{} {} = {}".format, st.sampled_from(["let", "const", "var", ""]), _NAME, _VALUE),
    st.builds("function {}() {{ return {} }}".format, _NAME, st.sampled_from("12")),
    st.builds("{{ function {}() {{ return 3 }} }}".format, _NAME),
    st.builds("class {} {{ }}".format, _NAME),
    st.builds("if (1) {{ var {} = {} }}".format, _NAME, _VALUE),
    st.builds("{{ let {} = 4; log.push({}) }}".format, _NAME, st.just("'in'")),
    st.builds("log.push(String({}))".format, _NAME),
    st.builds("log.push(typeof {})".format, _NAME),
    st.sampled_from([
        "// c", "/* c\n*/", "[a]", "(typeof b)", "`c`", "/c/.test('c')", "+1", "--> c", "'use strict'", "'d'", "",
        _SLOPPY,
    ]),
)  # fmt: skip
_SCRIPT = st.lists(_STATEMENT, max_size=4).map("\n".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(_SCRIPT, min_size=2, max_size=3), min_size=20, max_size=20))
def test_a_bundle_without_problems_does_what_its_files_did(bundles: list[list[str]]) -> None:
    whole = [texts for texts in bundles if all(read(text).error is None for text in texts)]
    results = [joined(*texts) for texts in whole]
    logs = run(*whole, *([result.text] for result in results))
    for texts, result, apart, together in zip(whole, results, logs, logs[len(whole) :], strict=False):
        problems = [*found(*texts), *result.problems]
        if any(problem.severity is ERROR for problem in problems):
            assert "SyntaxError" in apart + together, texts
        elif not problems and "Error" not in apart:
            assert together == apart, texts
