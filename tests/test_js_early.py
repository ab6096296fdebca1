"""Programs that the parser accepts and no browser does, held against a real node; and URLs of workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.build.scan_js import read
from tests.node import ask_node
from tests.project import PLAIN, project

_REFUSED = [
    # JSX
    "const C = () => ¶<div/>",
    "x = ¶<a b={c}>d</a>",
    "x = ¶<></>",
    # await and yield
    "function f() { ¶await x }",
    "async function f() { await a; () => ¶await b }",
    "function f() { for ¶await (const x of y); }",
    "function* f() { ¶await x }",
    "class A { f() { ¶await x } }",
    "import 'x'; function f() { ¶await (x) }",
    "¶yield x",
    "function f() { ¶yield x }",
    "function* g() { function f() { ¶yield 'x' } }",
    "function* g() { () => ¶yield x }",
    "export function f() { ¶yield }",
    # const
    "const ¶x;",
    "const x = 1, ¶y;",
    "for (const ¶x;;) break",
    "{ const ¶x }",
    # regular expressions
    "x = ¶/(/",
    "x = ¶/a)/",
    "x = ¶/(?:a|(b)/",
    "x = ¶/[)](/",
    "x = ¶/+/",
    "x = ¶/a**/",
    "x = ¶/a+??/",
    "x = ¶/{1}/",
    "x = ¶/(?a)/",
    "x = ¶/a/gg",
    "x = ¶/a/q",
    # optional chains
    "¶a?.b = 1",
    "¶a?.b.c.d += 1",
    "¶a?.[b] = 1",
    "¶a?.b().c = 1",
    "¶a?.(b).c = 1",
    "¶a?.b++",
    "--¶a?.b",
    # super
    "¶super.x",
    "function f() { ¶super.x }",
    "() => ¶super.x",
    "class A { f() { function g() { ¶super.x } } }",
    "class A extends ¶super.x { }",
    # arrow functions as operands
    "a => {} ¶|| b",
    "f = a => {} ¶? 1 : 2",
    "f = a => {}¶.b",
    "f = a => { b } /* c */ ¶?? d",
    "f = a => {}¶()",
    # one expression in for-of
    "for (let i of ¶[1],[2]) {}",
    "for (x of ¶a, b) {}",
    # parameters
    "(a, ¶a) => 1",
    "class A { f(a, ¶a) {} }",
    "({ f(a, b, ¶a) {} })",
    "function f(a, ¶a, [b]) {}",
    "function f(a, ¶a) { 'use strict' }",
    "'use strict'; function f(a, ¶a) {}",
    "import 'x'; function f(a, ¶a) {}",
    # names
    "let q; var ¶q",
    "var q; let ¶q",
    "let q; let ¶q",
    "class q {} function ¶q() {}",
    "const { q } = a, [¶q] = b",
    "import q from 'x'; let ¶q",
    "import { a as q } from 'x'; import * as ¶q from 'y'",
    "export function q() {} function ¶q() {}",
]  # fmt: skip
"""The pilcrow stands before the place of the error."""

_ACCEPTED = [
    "x = a < b, c > d",
    "x = '<div/>', y = /<b>/, z = `</a>`",
    "async function f() { await x; for await (const y of z); }",
    "function f() { await (x); await [0]; await + 1; await\nx }",
    "async () => { await x }",
    "({ async f() { await x }, async *g() { await x; yield y } })",
    "async function f() { class A { [await x]() {} } }",
    "await x",
    "function* f() { yield x; yield* y; ({ [yield 1]() {} }) }",
    "class A { *f() { yield x } static async *g() { yield await x } }",
    "var yield = 1; yield * 2; yield\nx",
    "var await = 1; await\n/ 2 / 1",
    "for (const x of y); for (const z in y); for (let a;;) break",
    "x = [/[(]/, /\\(/, /(?:a)(?=b)(?!c)(?<=d)(?<!e)(?<f>g)/, /a+?b*?c??d{1,2}?/, /{/, /a{,5}/, /[]/, /[^]/, /]/, /}/]",
    "x = [/[[a-z]&&[aeiou]]/v, /\\p{L}/u, /a/dgimsuy, /(?=a)*/, /a|/, /(|b)/, /()/]",
    "(a?.b).c = 1; a?.[b.c = 1]; f(a?.b).c = 1; x = a?.b; a = b ?.5 : 1",
    "class A extends B { constructor() { super(); () => super.x } x = super.y; static { super.z } }",
    "({ f() { return super.x }, get g() { return () => super.y } })",
    "f = a => {}\n+b",
    "f = a => {}\n[b]",
    "f = a => {}\n(b)",
    "f = (a => {}) || b, g = a => b || c",
    "for (let i of ([1], [2])) {}",
    "for (let i in [1], [2]) {}",
    "function f(a, a) {}",
    "function f(a, b) { 'use strict' } function g(a, { a: c }) {}",
    "{ 'use strict'; function f(a, a) {} }",
    "'use strict'\nin x; function f(a, a) {}",
    "function g() { 'use strict'\ninstanceof x; function f(a, a) {} }",
    "var q; var q; function q() {} function q() {}",
    "let q; { let q } (() => { var q })()",
    "import q from 'x'; export { q as a, q as b }",
    "var { q, ...r } = a, [s = q] = b",
    "function f() {} var f",
]

_PARSES = """
const vm = require("vm")
return input.map(text => {
  for (const Kind of [vm.Script, vm.SourceTextModule]) {
    try { new Kind(text); return true } catch (error) { if (error.name !== "SyntaxError") throw error }
  }
  return false
})
"""


def _parses_in_node(texts: list[str]) -> object:
    return ask_node(_PARSES, texts, "--experimental-vm-modules", "--no-warnings")


def _split(marked: str) -> tuple[str, int]:
    return marked.replace("¶", ""), marked.index("¶")


@pytest.mark.parametrize("marked", _REFUSED)
def test_what_no_browser_reads_is_an_error_at_its_place_with_a_reason(marked: str) -> None:
    text, at = _split(marked)
    script = read(text)
    assert (script.error, bool(script.reason)) == (at, True)
    assert (script.references, script.bare, script.page_urls) == ((), (), ())


@pytest.mark.parametrize("text", _ACCEPTED)
def test_what_browsers_read_is_no_error(text: str) -> None:
    assert (read(text).error, read(text).reason) == (None, "")


def test_node_agrees() -> None:
    refused = [_split(marked)[0] for marked in _REFUSED]
    assert [text for text, parses in zip(refused, _list(_parses_in_node(refused)), strict=True) if parses] == []
    accepted = _list(_parses_in_node(_ACCEPTED))
    assert [text for text, parses in zip(_ACCEPTED, accepted, strict=True) if not parses] == []


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_a_place_counts_characters() -> None:
    text = "'\U0001f600é'; const x;"
    assert read(text).error == text.index("x;")


# --- HTML-like comments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<!-- x\n--> y",
        "log(1)\n<!-- it's\nlog(2)\n--> it's\nlog(3)",
        "var a = {}\n  <!-- it's\nvar b",
        "var a = 1\n--> it's\n, b = 2",
        "var a = '<!--'\n<!-- it's\nvar b",
    ],
)
def test_html_like_comments_of_classic_scripts_are_comments(text: str) -> None:
    assert read(text).error is None
    assert _parses_in_node([text]) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "log(1)\n<!-- it's\nimport 'x'",  # a module has no such comments
        "x = `\n<!-- ${it's}`",  # a template, and not a comment
    ],
)
def test_what_is_no_html_like_comment_stays_an_error(text: str) -> None:
    assert read(text).error is not None
    assert _parses_in_node([text]) == [False]


@pytest.mark.parametrize("text", ["log(1) <!-- it's\nlog(2)", "x = `\n-->`\nlog(1)\n<!-- it's\nlog(2)"])
def test_html_like_comments_that_are_hard_to_tell_stay_errors(text: str) -> None:
    """One behind code on its line could be operators of a module; one in a template is text, beside a comment."""
    assert read(text).error is not None
    assert _parses_in_node([text]) == [True]


# --- messages ----------------------------------------------------------------------------------------------


def test_jsx_in_a_bundle_is_an_error_that_says_so(tmp_path: Path) -> None:
    config = '[bundles]\n"all.js" = ["a.js", "b.js"]\n'
    made = project(tmp_path, {"a.js": "x = () => <div/>", "b.js": "log(1)"}, config=config)
    assert [each.text for each in made.problems() if each.code == "js-syntax"] == [
        "this script does not parse (JSX is not JavaScript that browsers read: compile it first), and would break "
        "every other script of the bundle",
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("new Worker('./w.js')", 'new Worker(new URL("./w.js", import.meta.url))'),
        ("new self.SharedWorker(`js/w.js`, 'a')", 'new SharedWorker(new URL("./w.js", import.meta.url))'),
        ("navigator.serviceWorker.register('w.js')", 'add "js/w.js" to `stable`: the scope'),
        ("new Worker(new URL('./w.js', import.meta.url))", None),
        ("new Worker('/js/w.js')", None),
        ("new Worker('https://a.example/w.js')", None),
        ("new Worker('other.js')", None),
        ("new Worker(name)", None),
        ("registry.register('w.js')", None),
    ],
)
def test_a_worker_named_relative_to_the_page_is_warned_of_where_it_is_an_asset(
    text: str, hint: str | None, tmp_path: Path
) -> None:
    made = project(tmp_path, {"js/a.js": text, "js/w.js": "log(1)"}, config=PLAIN)
    found = [problem for problem in made.problems() if problem.code == "worker-url"]
    assert len(found) == (hint is not None)
    assert all(hint is not None and hint in problem.hint for problem in found)


def test_a_worker_with_a_stable_name_is_found(tmp_path: Path) -> None:
    files = {"a.js": "navigator.serviceWorker.register('sw.js')", "sw.js": "log(1)"}
    made = project(tmp_path, files, config='stable = ["sw.js"]\n' + PLAIN)
    assert [problem for problem in made.problems() if problem.code == "worker-url"] == []
