"""Small hostile programs do in a real engine after minifying what they did before.

What is known to be left as it is has tables of its own, so that a change shows.
"""

from __future__ import annotations

import pytest
import rjsmin

from assetbuild.build.licences import javascript_licences
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.protocols import Way
from assetbuild.build.prove_js import original, same, same_tree
from assetbuild.build.registry import create
from assetbuild.build.safe_js import minify
from tests.hostile_scripts import SCRIPTS
from tests.node import ask_node

_RJSMIN = create(ProcessorSpec("rjsmin"), TextKind.JS)

_RUN = r"""
const vm = require('vm'), { inspect } = require('util');
const show = value => inspect(value, {depth: 4, breakLength: Infinity});
const dependency = context => new vm.SourceTextModule(
    "export default 'd'; export const a = 1, b = 2, $ = 3; export { a as 'string name', b as if }", {context});
let lines;
process.on('unhandledRejection', error => lines.push(`rejected: ${error}`));
const run = async ([kind, text]) => {
    lines = [];
    const own = lines;
    const context = vm.createContext({log: (...values) => { own.push(...values.map(show)) }});
    const link = async () => {
        const module = dependency(context);
        await module.link(() => {});
        await module.evaluate();
        return module;
    };
    try {
        if (kind === 'script') {
            const script = new vm.Script(text, {importModuleDynamically: link});
            lines.push(show(script.runInContext(context)));
        } else {
            const module = new vm.SourceTextModule(text, {context, importModuleDynamically: link});
            await module.link(link);
            await module.evaluate();
            lines.push(show(Object.entries(module.namespace)));
        }
    } catch (error) {
        lines.push(`${error.name}: ${error.message}`);
    }
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    return lines;
};
return (async () => {
    const logs = [];
    for (const program of input) logs.push(await run(program));
    return logs;
})();
"""


def logs(kind: str, texts: list[str]) -> list[list[str]]:
    """What each program logs, and what it gives at its end: its value, its exports, or the error that ended it."""
    found = ask_node(_RUN, [(kind, text) for text in texts], "--experimental-vm-modules", "--no-warnings")
    assert isinstance(found, list)
    return found


_MODULES = [
    "import d from 'x'\nlog(d)",
    "import d , { a , b as c } from 'x' ; log(d, a, c)",
    "import * as n from 'x'\nlog(Object.keys(n))",
    "import d , * as n from 'x' ; log(d, n.a)",
    "import'x'\nlog(1)",
    "import { } from 'x' ; import { a , } from 'x'\nlog(a)",
    "import { $ } from 'x' ; import { $ as _ } from 'x' ; log($, _)",
    "import\n{\na\nas\nb\n}\nfrom\n'x'\nlog(b)",
    "import { default as d , 'string name' as s , if as i } from 'x'\nlog(d, s, i)",
    "import from_ from 'x'\nimport as from 'x'\nlog(from_, as)",
    "import from from 'x'\nlog(from)",
    "import { a as as } from 'x'\nlog(as)",
    "import { a as from } from 'x'\nlog(from)",
    "import d from 'x'\n;[d].forEach(x => log(x))",
    "import 'x'\n;(() => log(1))()",
    "log(typeof import . meta, typeof import\n.meta)",
    "export const a = 1 , b = 2\nexport let c\nexport var d = 3",
    "export function f ( ) { }\nexport class A { }\nexport async function g ( ) { }\nexport function * h ( ) { }",
    "export function f() {}\n(log(1))",
    "export class A {}\n[1].map(x => log(x))",
    "export default function ( ) { }\nlog(1)",
    "export default function ( ) { }\n(log(1))",
    "export default class { }\n[1].map(x => log(x))",
    "export default class A extends Object { a = 1\nb = 2 }",
    "export default async function ( ) { }\nlog(1)",
    "export default async ( ) => { }\nlog(1)",
    "export default a => a\nlog(1)",
    "export default ( function ( ) { } )\nlog(1)",
    "export default { a : 1 }\nlog(1)",
    "export default [ 1 ]\nlog(1)",
    "export default `  a`\nlog(1)",
    "export default / a  /\nlog(1)",
    "export default - 1\nlog(1)",
    "export default ( 1 , 2 )",
    "var a = 1 ; export { a , a as b , a as default , a as 'c  d' , a as if }",
    "export * from 'x'",
    "export * as null from 'x'\nexport*as default from 'x'",
    "const _null = 1 , f = function ( ) { } ; export { _null as null , f as function , f as new , f as await ,"
    " f as in }",
    "export * as n from 'x'",
    "export*from'x'\nexport*as n from'x'\nlog(1)",
    "export { a , default , 'string name' as c , a as default_ } from 'x'\nlog(1)",
    "export { }\nlog(1)",
    "log(typeof this, (function () { return typeof this })())",
    "log(await 1)\nlog(await (x => x)(2), await [3], await `4`)\nawait 0\n;[5].map(x => log(x))",
    "const a = await 1 , b = await Promise.all([ 1 , 2 ])\nlog(a, b)",
    "for await (const x of [ 1 , 2 ]) log(x)",
    "if (await 1) log(1)\nelse log(2)",
    "log((await import('x')).a, (await import ( 'x' )) . default, (await import(/* c */ 'x')).b)",
    "import('x').then(m => log(m.a))\nimport('x')\n.then(m => log(m.b))",
    "await null\nlog(1)\nawait log(2)",
    "log(await / a  /, await -1, await +1, await !1, await typeof 1)",
    "const o = { await : 1 } ; log(o.await, o . await / 2)",
    "export const f = async ( ) => { await null\nreturn 1 }\nlog(await f())",
    "var a = 3 ; log(a --> 1, a < ! -- a)",
    "/*! a */import d from 'x'/*! b */\n/*! c */export default d//! d",
    "'use strict'\nlog(1)",
    "#!/usr/bin/env node\nimport 'x'\nlog(1)",
    "\ufeffimport 'x'\nlog(1)",
    "import 'x'//c\nimport 'x'/*c*/\nlog(1)",
    "{ log(1) }\nexport { }\n{ log(2) }",
    "let async = 1\nexport default async\nlog(async)",
    "export default async\nfunction f() {}\nvar async",
    "export const a = 1\n, b = 2\nlog(a, b)",
    "label: for (const x of [1, 2]) { for (;;) continue label }\nlog(1)",
    "export let a = class { static b = 1\n'c'() {} }\nlog(a.b)",
]  # fmt: skip
"""ES modules; `x` exports `default`, `a`, `b`, `$`, `if` and `string name`."""

_LEFT = {
    "the parser does not know that a line end in a comment, a lone carriage return or U+2028 ends a statement": [
        "log(1)/*\n*/log(2)",
        "log(1)\rlog(2)\r\rlog(3)",
        "log(1) /* \u2028 */ log(2)",
        "log(1) // \u2029log(2) // \rlog(3)",
    ],
    "the parser takes U+2028 for a blank": [
        "var a = 1\u2028++a\u2029log(a)",
    ],
    "the parser makes an expression of two lines where browsers see two statements or fields": [
        "function f() { return\n{ a: 1 } } log(f())",
        "class A { a\nin\nb } log(new A)",
        "class A { a\ninstanceof\nb } log(new A)",
        "class A { a\n*b() { yield 1 } } log(new A, ...new A().b())",
        "var f = x => { }\n/ 2 /.test(log(2))",
        "var i = 1; i ++\n`${ log(i) }`",
        "var f = async () => await\n2\nf().then(log)",
    ],
    "the parser takes a word for an operator or a declaration where it is a name, or the other way round": [
        "for (let in { a: 1 }) log(let)",
        "var let = [1]; let\na\nlog(typeof a)",
        "let\n{ c } = { c: 3 }\nlog(c)",
        "var await = 1; log(await, await + 1, [await], await . x)",
        "var await = x => x; log(await(1), await\n(2))",
        "var await = 4, g = 2; log(await / 2 / g)",
        "var yield = 1; log(yield)",
        "var yield = 4, g = 2; log(yield / 2 / g)",
        "var using = [1]; log(using [ 0 ])\nusing\n= 2\nlog(using)",
    ],
    "HTML-like comments are comments in classic scripts only": [
        "<!-- a comment\nlog(1)",
        "log(1) <!-- a comment\nlog(2)",
        "log(1)\n--> a comment\nlog(2)",
        "log(1)\n/* a\n */ --> a comment\nlog(2)",
        "var a = 3, b = 1 ; log(a<!--b\n)",
        "var a = 3, b = 1 ; log(a\n--> b\n)",
    ],
    "the parser does not know the syntax": [
        "var t = s => s[0] ; log(t`\\unicode  and \\xerxes`)",
        "log( 1 )\ufeff\nlog(2)",
        "class A { [ 'a' ]\n[ 'b' ] } log(new A)",
    ],
}  # fmt: skip
"""Classic scripts that the proof says nothing of, by the reason: they stay as they are, to the last byte."""


def _assert_nothing_ends_in_an_error(programs: list[str], found: list[list[str]]) -> None:
    """A program that does not run shows nothing."""
    assert [row for row in zip(programs, found, strict=True) if "Error: " in row[1][-1]] == []


@pytest.mark.parametrize(("kind", "programs"), [("script", SCRIPTS), ("module", _MODULES)], ids=["scripts", "modules"])
def test_a_minified_program_does_what_it_did(kind: str, programs: list[str]) -> None:
    results = [_RJSMIN(program) for program in programs]
    before, after = logs(kind, programs), logs(kind, [result.text for result in results])
    _assert_nothing_ends_in_an_error(programs, before)
    rows = list(zip(programs, results, before, after, strict=True))
    assert [row for row in rows if row[2] != row[3]] == []
    assert [row for row in rows if row[1].way is Way.UNCHANGED] == []
    assert [row for row in rows if len(row[1].text) > len(row[0])] == []


@pytest.mark.parametrize(("kind", "programs"), [("script", SCRIPTS), ("module", _MODULES)], ids=["scripts", "modules"])
def test_the_safe_minifier_alone_keeps_them_too(kind: str, programs: list[str]) -> None:
    results = [minify(javascript_licences(program)) for program in programs]
    before, after = logs(kind, programs), logs(kind, results)
    rows = list(zip(programs, results, before, after, strict=True))
    assert [row for row in rows if row[2] != row[3]] == []
    assert [row for row in rows if not same(row[0], row[1])] == []


@pytest.mark.parametrize(("kind", "programs"), [("script", SCRIPTS), ("module", _MODULES)], ids=["scripts", "modules"])
def test_a_line_end_that_the_proof_lets_go_or_come_means_nothing(kind: str, programs: list[str]) -> None:
    """What a bolder engine than rjsmin might do: each blank as a line end, each line end as a blank."""
    pairs = [(program, other) for program in programs for other in _with_one_changed(program) if same(program, other)]
    before = dict(zip(programs, logs(kind, programs), strict=True))
    after = logs(kind, [other for _, other in pairs])
    assert [pair for pair, log in zip(pairs, after, strict=True) if log != before[pair[0]]] == []
    assert len(pairs) > 5 * len(programs)


def _with_one_changed(program: str) -> list[str]:
    other = {" ": "\n", "\n": " "}
    return [program[:at] + other[sign] + program[at + 1 :] for at, sign in enumerate(program) if sign in other]


def test_what_rjsmin_does_to_them_is_refused_wherever_it_shows() -> None:
    results = [rjsmin.jsmin(program, keep_bang_comments=True) for program in SCRIPTS]
    rows = list(zip(SCRIPTS, results, logs("script", SCRIPTS), logs("script", results), strict=True))
    damaged = [row for row in rows if row[2] != row[3]]
    assert damaged, "rjsmin damages none of these any more: the guard is of no use"
    assert [row for row in damaged if same(row[0], row[1])] == []


@pytest.mark.parametrize("reason", _LEFT)
def test_what_the_parser_misreads_is_proven_by_its_tokens_or_left_to_the_last_byte(reason: str) -> None:
    programs = _LEFT[reason]
    before = logs("script", programs)
    _assert_nothing_ends_in_an_error(programs, before)
    results = [_RJSMIN(program) for program in programs]
    assert before == logs("script", [result.text for result in results])
    rows = list(zip(programs, results, strict=True))
    assert {result.way for _, result in rows} <= {Way.UNCHANGED, Way.PROCESSED}
    left = [(program, result) for program, result in rows if result.way is Way.UNCHANGED]
    assert [result.text for _, result in left] == [program for program, _ in left]
    assert all(result.reason for _, result in left)
    assert not any(same_tree(program, program) for program in programs)


@pytest.mark.parametrize(
    "text",
    [
        "export { a as null , b as function } ;",
        "export{_null as null,_void as void,_enum as enum};",
        "import { null as a , void as b } from 'x' ; a ;",
        "import{null as a,void as b}from'x';a;",
        "export * as null from 'x' ;",
        "export*as null from'x';",
        "export {\n  _await as await ,\n  _yield as yield , // c\n  _in as in\n} ;",
    ],
)
def test_reserved_words_may_be_the_names_of_exports(text: str) -> None:
    assert original(text).refusal() == ""
    assert same(text, minify(text))
    assert not same(text, text.replace("null", "this").replace("await", "async"))


@pytest.mark.parametrize("text", ["x = as null , 1", "( a as null )", "{ null as }", "a as null }", "export { if }; ("])
def test_reserved_words_are_no_names_elsewhere(text: str) -> None:
    assert original(text).refusal()
