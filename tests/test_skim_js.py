"""What a script names is told without parsing, or left to the parser: never told otherwise than the parser does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetbuild.build import scan_js, skim_js
from assetbuild.build.js_lexemes import blanked, lex

CERTAIN = [
    "",
    "  \n",
    "a()",
    "import './a.js'",
    "import'./a.js'",
    'import a from "./a.js"; import * as b from "b"; import {c, d as e} from "/c.js?x#y"',
    'import a,{b}from"./a.js";import*as c from"./c.js";import d,*as e from"./d.js"',
    "import from from './from.js'",
    "import {\n  // './no.js'\n  a, /* from './no.js' */ b,\n} from './yes.js'",
    "import './\\u0061.js'",
    "import j from './j.json' with { type: 'json' }",
    "export * from './a.js'; export * as b from './b.js'; export {c} from './c.js'; export { d as default }",
    "export default function () {}",
    "export const a = 1, b = 2",
    "export async function f() { await g() }",
    "import('./a.js').then(a => a); import(`b`)",
    "import('./a.js', { with: { type: 'json' } })",
    "x.import('./no.js'); x.export = 1; ({import: 1, export: 2, await: 3})",
    "'import \"./no.js\"'; `import './no.js'`; /import '.\\/no.js'/; // import './no.js'",
    "`${import('./a.js')} ${`${b}`} import('./no.js')`",
    "`${{a: `}`}} import './no.js'`",
    "if (a) /import('no')/.test(b)",
    "if (a) { b } /'/.test(c); import './a.js'",
    "if (a) b; else { c } /* d */ /'/.test(c); import './a.js'",
    "{ { a } } /'/.test(c); import './a.js'",
    "switch (a) { case (b): } /'/.test(c); import './a.js'",
    "try { a } catch (b) {} /'/.test(c); try { a } finally { b } /'/.test(c); import './a.js'",
    "while (a) /'/.test(b); import './a.js'",
    "(a) / 2; '/'; import './a.js'",
    "a[0] / 2; `b` / 3; 'c' / 4; .5 / (6); 7. / 8",
    "return /[/'\"]/.test(a)",
    "x.return / 2 / 'a'",
    "x.if(a) / 2 / b",
    "'use strict'; a()",
    "// c\n/* d */ 'use strict';",
    "function f() { 'use strict' }",
    "'no use strict'; 'use strict'; a()",
    "'no use strict'; a('use strict')",
    "async () => await f()",
    "x(async a => b || (c, d) || e[await f])",
    "async () => new A(await f()); x = { async *g() { for await (a of b) c() } }",
    "async function* g() { await h() } async function () { await i() }",
    "// a\n//# sourceMappingURL=a.js.map\n",
    "/* only a comment */",
    "a; /*# sourceMappingURL=b.map */",
    "async function f() { for (;;) { await g() } }",
    "const f = async () => { await g() }, h = async () => (await g())",
    "class A { async m() { await g() } static async *[k]() { x } }",
    "typeof importScripts === 'function' && importScripts(path)",
    "n-->0",
    "new Worker(url)",
    "export {a}\nimport b from './b.js'\nimport c\nfrom './c.js'",
    "export {a}\nexport * from './b.js'",
    "async function f()\n{ await g() }",
    "importScripts?.(path)",
    "export {a}\nlet from\n'x'; import './b.js'",
    "x =a. in/ b /import('./a.js')/c",
    "x = a1.b / c / d; import './a.js'; b2.import('./no.js')",
    "while (i --> 0) a(); import './a.js'",
    "if (a) { " + "b(); " * 600 + "} /'/.test(c); import './a.js'",
    "if (a(" + "b(), " * 600 + "c)) /'/.test(d); import './a.js'",
    "if (a(" + "b(), " * 600 + "c)) {" + "d();" * 600 + "} /'/.test(e); import './a.js'",
    "x = (" + "a[0], " * 600 + "a) / 2 / \"'\"; import './a.js'",
    "x = `${(" + "a[0], " * 600 + "a) / 2} ${b}` / \"'\"; import './a.js'",
    "\u00e9 = 'import'; import './\u00e9.js'",
]
UNSURE = [
    "} / a",
    "a\u2028import './a.js'",
    "function f(y){\u00a0return /import('.\\/nope.js')/.test(y) }",
    "f(... import('./a.js'))",
    "f(... /**/ import('./a.js'))",
    "let y = 1.\nimport './b.js'",
    "importScripts?.('a.js')",
    "log([... await y])",
    "log(0 ? a => b : await y)",
    "switch(x){case a=>b: await c}",
    "async\nfoo(a)\n{ await x }",
    "async * f (x)\n{ await y }",
    "{ a => b /*\n*/ await c }",
    "x\u200dimport('./a.js')",
    "\u212eimport('./a.js')",
    "for (var n = 0; {} / 1 / 2;) import('./a.js')",
    "x = class extends class {} {} / a / b; import './a.js'",
    "var x\n/ a/.test(y); import './a.js'",
    "import 'x'\n/ a/.test(y)",
    "a: for (;;) { break a\n/ a/.test(y) } import './a.js'",
    "a.\nif (b) / c / d; import './a.js'; 1. /**/ if (b) / c / d",
    "import './a.js'; a /*",
    "x = { a } / b / c; import './a.js'",
    "x = function () {} / b / c; import './a.js'",
    "function f() {} /b/.c; import './a.js'",
    "x.if(a) {} /b/.c; import './a.js'",
    "x = { " + "b: c(), " * 600 + "} / 1 / 2; import './a.js'",
    "x.if(" + "b(), " * 600 + "a) {} /b/.c; import './a.js'",
    "if (a] { " + "b(); " * 600 + "} /'/.test(c); import './a.js'",
    "a = '\x01'; \x01; import './a.js'",
    "class A {} /b/.c; import './a.js'",
    "a: {} /b/.c; import './a.js'",
    "x = {} / b / c; import './a.js'",
    "`${{} / 1 / 2}`; import './a.js'",
    "x = a => {}\n/b/.c; import './a.js'",
    "a++ / b / c; import './a.js'",
    "of / b / c; import './a.js'",
    "import './a.js'; a = 'unterminated",
    "a = `unterminated ${b",
    "f ( {",
    "import('./a' + b)",
    "import.meta.url",
    "new URL('a.png', import.meta.url)",
    "await f()",
    "{ await f() }",
    "a => b, c(await d)",
    "a => b; c(await d)",
    "a => b\nc(await d)",
    "a => { b } \n await c",
    "a => { b }; if (c) { await d }",
    "(a => b)(await c)",
    "asyncf(a) \n { await b }",
    "async (a) \n { await b }",
    "'a' + 'use strict'",
    "{ import './a.js' }",
    "class A { import(b) {} }",
    "import { 'a b' as c } from './a.js'",
    "export { a as 'b c' } from './a.js'",
    "new Worker('js/a.js')",
    "new self.Worker('js/a.js')",
    "new SharedWorker(`js/a.js`)",
    "importScripts('a.js')",
    "navigator.serviceWorker.register('sw.js')",
    "#!/usr/bin/env node\nimport './a.js'",
    "<!-- import './a.js'\nimport './b.js'",
    "a\n--> import './a.js'\nimport './b.js'",
    "'use strict'\nimport './a.js'",
    "\\u0061wait = 1; import './a.js'",
    "x = <a href='b'>it's</a>; import './a.js'",
]


@pytest.mark.parametrize("text", CERTAIN)
def test_ordinary_scripts_are_told_without_parsing_as_the_parser_tells_them(text: str) -> None:
    assert skim_js.skim(text) is not None
    assert scan_js.skim(text) == scan_js.read(text)


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_be_read_otherwise_is_left_to_the_parser(text: str) -> None:
    assert skim_js.skim(text) is None
    assert scan_js.skim(text) == scan_js.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "x=(a+b)/c-f(d)/(e);\n",
        "(a)/",
        "(" * 1000 + "a" + ")/a" * 1000 + ";",
        "{" * 10000 + "}/a/;" * 9000 + "}" * 1000,
        "a/*",
        "export{a as b1}\n",
        "async" + " " * 490 + "{await a;",
        "async()=>{" + "await[];" * 1000 + "};",
        "//# sourceMappingURL=" + " " * 5000 + '"b\n',
        "/*# sourceMappingURL=" + " " * 5000 + '" */',
        "if (" + "a[0], " * 5000 + "b) { " + "c(); " * 5000 + "} /d/.e; import './f.js';",
        "f(" + "(a), " * 5000 + "b)" + " / (c)" * 5000 + "; import './f.js';",
        "import './f.js'; n " + " " * 5000 + "--> 0;",
    ],
    ids=[
        "divisions",
        "slashes",
        "deep",
        "braces",
        "comments",
        "exports",
        "heads",
        "awaits",
        "maps",
        "block maps",
        "far blocks",
        "lists",
        "arrows",
    ],
)
def test_no_script_is_gone_through_many_times(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the work were quadratic, these would take minutes and not a part of a second."""
    monkeypatch.setattr(scan_js, "read", lambda _: scan_js.Script())
    assert isinstance(scan_js.skim(text * (300_000 // len(text) + 1)), scan_js.Script)


PIECES = [
    *("import './a.js'", 'import a from "b"', "export {c} from './c.js'", "export default 1", "import('./d.js')"),
    *(
        "'use strict';",
        '"\\""',
        "'\\\\'",
        "`a`",
        "`${",
        "}`",
        "/",
        "/ 2",
        "/[/]'/",
        "/*",
        "*/",
        "// '\n",
        "\n",
        "<!--",
        "-->",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "if (a)",
        "return",
        "a",
        "0.5",
        ".5",
        "1.",
        "++",
        "=>",
        "async ",
        "await b",
        "await",
    ),
    *(
        "function f() {",
        "x.",
        "import.meta",
        "new Worker(",
        "importScripts(",
        "of",
        "\\u0061",
        "'",
        '"',
        "`",
        ";",
        ",",
        "=",
    ),
    *(
        "//# sourceMappingURL=m.map\n",
        "class A {",
        "case",
        "while (b)",
        "do",
        "else",
        "...",
        "?.",
        "#p",
        "\u2028",
        "\ufeff",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@example("a = b / `${ c /1/ d }` / e")
@example("x = y / /re/ ; import './a.js'")
def test_what_is_told_is_what_the_parser_tells_of_every_program(text: str) -> None:
    found = scan_js.read(text)
    if found.error is None:
        assert scan_js.skim(text) == found


@given(st.lists(st.sampled_from([*PIECES, "é"]), max_size=12).map("".join))
def test_blanking_keeps_every_place(text: str) -> None:
    found = lex(text)
    if found is not None:
        code = blanked(text, found.lexemes)
        assert len(code) == len(text)
        spans = [(start, end) for start, end, _ in found.lexemes]
        assert spans == sorted(spans)
        kept = [index for index in range(len(text)) if not any(start <= index < end for start, end in spans)]
        assert all(code[index] == text[index] for index in kept)
