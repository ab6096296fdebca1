"""The safe minifier changes nothing that an engine or the proof can see, and is no larger than rjsmin."""

from __future__ import annotations

import re
from random import Random

import pytest
import rjsmin
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build.licences import kept_comments
from assetbuild.build.prove_js import same, same_tree
from assetbuild.build.safe_js import minify
from tests.node import ask_node
from tests.test_js_proof import trees, two_spellings


@pytest.mark.parametrize(
    ("text", "result"),
    [
        # white space and comments
        ("", ""),
        (" \n// c\n", ""),
        ("a = 1 ;\n\n b = 2 ; // c", "a=1;b=2;"),
        ("a /* c */ = /* \n */ 1 // d", "a=1"),
        ("\ufeffx ( )\n", "x()"),
        ("if (a)\n  b()\nelse\n  c()", "if(a)b()\nelse\nc()"),
        ("var/**/a", "var a"),
        ("var/*\n*/a", "var a"),
        ("a/*c*/\u00a0in/*c*/\u2003b", "a in b"),
        ("return_\r\n\r\nb\u2028c", "return_\nb\nc"),
        # line ends that mean nothing
        ("f({\n a,\n b\n}\n)\n;", "f({a,b});"),
        ("for (;;)\n{\n}\nb()", "for(;;){}b()"),
        ("if (a) {\n b\n}\n(c)", "if(a){b}(c)"),
        ("function f()\n{\n}\ng()", "function f(){}g()"),
        ("class A\n{\n a() {}\n b() {}\n}\nc()", "class A{a(){}b(){}}c()"),
        ("try {\n} catch {\n} finally {\n}\nx", "try{}catch{}finally{}x"),
        ("switch (a)\n{\n case 'b':\n c\n}\nd", "switch(a){case'b':c}d"),
        ("import {\n a\n}\nfrom 'x'", "import{a}from'x'"),
        ("import * as a from './m.js'", "import*as a from'./m.js'"),
        ("a\n && b\n ? c\n : d\n * e", "a&&b?c:d*e"),
        ("$\n .a\n ?.b", "$.a?.b"),
        ("a = function () {\n return\n}", "a=function(){return}"),
        ("x = {\n get\n a() {}\n}", "x={get\na(){}}"),
        # line ends that do, or may
        ("a\nb", "a\nb"),
        ("a\n(b)", "a\n(b)"),
        ("a\n++\nb", "a\n++\nb"),
        ("a\n+ b", "a\n+b"),
        ("x = function () {}\n(b)", "x=function(){}\n(b)"),
        ("x = class {}\n[b]", "x=class{}\n[b]"),
        ("f = () => {}\n`t`", "f=()=>{}\n`t`"),
        ("do x\nwhile (y)\nz", "do x\nwhile(y)\nz"),
        ("'use strict'\nx", "'use strict'\nx"),
        ("f = function () { return\n'x' }", "f=function(){return\n'x'}"),
        ("class A { #a = 1\n#b = 2 }", "class A{#a=1\n#b=2}"),
        ("class A { static a\nb() {}\nget\nc\n'd'() {} }", "class A{static a\nb(){}get\nc\n'd'(){}}"),
        ("async\nfunction f() {}", "async\nfunction f(){}"),
        ("let\nb", "let\nb"),
        ("class A { x // c\n[y]() {} }", "class A{x//\n[y](){}}"),
        ("class A { x // c\ny() {} }", "class A{x\ny(){}}"),
        ("f = () => { return // c\n(x) }", "f=()=>{return//\n(x)}"),
        ("f = () => { return\rx }", "f=()=>{return\rx}"),
        ("async /* \n c */ function f() {}", "async/*\n*/ function f(){}"),
        ("a = /b/ /* \n c */ + d", "a=/b/ /*\n*/ +d"),
        ("a = b /* \n c */ / d", "a=b/*\n*/ /d"),
        # tokens that would fuse
        ("a + + b - - c", "a+ +b- -c"),
        ("a ++ + ++ b", "a++ + ++b"),
        ("a - -- b", "a- --b"),
        ("a + - b", "a+-b"),
        ("1 .toString() + 1.. x + 1. .x + 1 . x", "1 .toString()+1..x+1. .x+1 .x"),
        ("1\n.x + a1 . b", "1\n.x+a1.b"),
        ("1 in a, 1. in b, 0x1 in c, 1n in d", "1 in a,1. in b,0x1 in c,1n in d"),
        ("/a/ in b, /a/g in c, /a/ . d", "/a/ in b,/a/g in c,/a/ .d"),
        ("a / /b/ / c", "a/ /b/ /c"),
        ("a < /b/", "a< /b/"),
        ("a ? .5 : b", "a? .5:b"),
        ("[... .5]", "[... .5]"),
        ("a < ! --b", "a< ! --b"),
        ("a <! -- b", "a<! --b"),
        ("a < !b", "a< !b"),
        ("a-- > b", "a-- >b"),
        ("a-->b", "a-->b"),
        ("while (n --> 0) x", "while(n-->0)x"),
        ("class A { static #a; static async #b() {} has(x) { return #a in x } }",
         "class A{static#a;static async#b(){}has(x){return#a in x}}"),
        ("\\u0061 in \u00e9 in \\u0062", "\\u0061 in \u00e9 in \\u0062"),
        ("for (const [a] of [b]) for (let c of `d`) e", "for(const[a]of[b])for(let c of`d`)e"),
        ("typeof 'a' in 'b' instanceof `c`", "typeof'a'in'b'instanceof`c`"),
        # what stays as it is
        ("x = `a  ${ b  ?  ` c  ${ d }  ` : '' }  \n  e`", "x=`a  ${b?` c  ${d}  `:''}  \n  e`"),
        ("x = 'a  b' + \"c /* d */ \\\n e\"", "x='a  b'+\"c /* d */ \\\n e\""),
        ("x = /a  [/ ] \\/ b/ . test ( c )", "x=/a  [/ ] \\/ b/ .test(c)"),
        ("x = <a  b = ' c'>  d { e }\n  <f  /></a>", "x= <a b = ' c'>  d { e }\n<f /></a>"),
        ("#!/usr/bin/env  node\n\nx", "#!/usr/bin/env  node\nx"),
        ("#!x\n;", "#!x\n;"),
        ("#!x", "#!x"),
        # licence comments
        ("/*! a */ x /* b */ = /*! c */ 1 /*! d */", "/*! a */x=/*! c */1/*! d */"),
        ("x /*! a */\ny", "x\n/*! a */y"),
        ("x /*! a\n */\ny", "x\n/*! a\n */y"),
        ("x /*! a\n */ + y", "x/*! a\n */ +y"),
        ("x /*! a */ /*\n*/ + y", "x/*! a */ /*\n*/ +y"),
        ("x /*! a */ /*! b */ + y", "x/*! a *//*! b */+y"),
        ("x / /*! a */ /y/", "x/ /*! a *//y/"),
        ("x < /*! a */ y", "x< /*! a */y"),
        ("#!x\n/*! a */ y", "#!x\n/*! a */y"),
        ("#!x\n/*! a */", "#!x\n/*! a */"),
        ("`${ /*! a */ b }`", "`${/*! a */b}`"),
    ],
)  # fmt: skip
def test_only_the_white_space_that_parts_or_ends_something_is_left(text: str, result: str) -> None:
    assert minify(text) == result
    assert minify(result) == result
    assert same(text, result) or not same_tree(text, text)


@pytest.mark.parametrize("text", ["a(", "a = = b", "'a", "x = '\udcff'", "<!-- c", "--> c", "x\n--> c", "accessor x y"])
def test_what_does_not_parse_or_reads_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not parse|HTML-like|not valid UTF-8"):
        minify(text)


_ORDINARY = """
/** A module. */
import { a, b as c } from "./x.js";
export default class Thing extends Base {
  #state = new Map();
  static count = 0;
  constructor({ name = "x", ...rest } = {}) {
    super(rest); // first
    this.name = name ? `${name}!` : null;
  }
  get size() {
    return this.#state.size + 1;
  }
  async *[Symbol.asyncIterator]() {
    for await (const [key, value] of this.#state) {
      if (!value) { continue; }
      else if (typeof value === "string" && key in this) yield value;
      switch (key) {
        case 1:
          return;
        default:
          break;
      }
    }
  }
}
(function () {
  "use strict";
  const list = [1, 2, 3]
    .map((x) => x * 2)
    .filter((x) => /[/]x/.test(x));
  try {
    var i = 0;
    do { i++; } while (i < 10 || list.length >= 2);
    delete list[0];
    label: for (;;) { break label; }
  } catch (error) {
    throw new Error("no: " + error.message);
  } finally {
    console.log(i, -i, +i, !i, void 0);
  }
})();
"""


def test_it_leaves_no_more_than_rjsmin_does() -> None:
    assert len(minify(_ORDINARY)) <= len(rjsmin.jsmin(_ORDINARY))


def test_licences_go_when_asked() -> None:
    assert minify("/*! a */ x /*! b */\ny", keep_licences=False) == "x\ny"


# --- the same in a real engine ---------------------------------------------------------------------------

_RUN = """
const vm = require('vm');
return input.map(text => {
    const context = vm.createContext({log: []});
    try { context.log.push(String(new vm.Script(text).runInContext(context))) }
    catch (error) { context.log.push(String(error)) }
    return JSON.stringify(context.log);
});
"""

_HOSTILE = [
    # templates and regular expressions
    "var h = 2; log.push(`in ${ h ? `${ h } h  ${ h > 1 ? `( ${ h } )` : '' }` : '' }  min`)",
    "log.push(`a  // b\n\n  /* c */ ${ /* d */ 1 // e\n }  ${ { f : `}` } . f }`)",
    "log.push(String.raw `\\t  ${ 1 }\\` ` , ( x => x . raw [ 0 ] ) `  \\n  `)",
    "log.push([ 'a b' ] . filter ( c => / [ / ] *b\\/?/ . test ( c ) ) , 'a' . replace ( /  *a/ , ' b ' ))",
    "switch ( true ) { case /a  b/ . test ( 'a  b' ) : log.push(1) }",
    "var a = 8 , b = 2 , g = 2 ; log.push(a / b / g, a\n/ b / g, ( a ) / b / g, [ a ] / b / g, a++ / b / g)",
    "var x = { } ; if ( x ) / y /g . test ( 'y' ) && log.push(1) ; else / z / ; log.push(x / / y / . lastIndex)",
    "log.push(typeof / a / , void / a / , / a / in { '/ a /' : 1 } , 4 / / 2 / . source , / a / . source)",
    "function f ( ) { return / a  b / } log.push(f().source, f().flags) ; for (var k of [/ a /]) log.push(k.source)",
    # line ends that mean something
    "function f ( ) {\n return\n 1\n} log.push(f(), (() => { return /*\n*/ 2 })(), (() => { return // c\n 3 })())",
    "function f ( ) {\n return (\n 1\n ) } log.push(f(), (() => { return `\n` })(), (() => { return\n`\n` })())",
    "var i = 1, j = 1 ; i\n++\nj ; log.push(i, j) ; i\n--j ; log.push(i, j)",
    "a: for ( var i = 0 ; i < 2 ; i ++ ) { for ( ; ; ) { log.push(i) ; if ( ! i ) continue a\nbreak\na } }",
    "function * g ( ) { yield\n1 ; yield [ 2 ]\nyield\n( 3 ) } log.push(...g())",
    "var async = x => x , get = 1 , set = 2 , of = 3 , let_ = 4 ; async\n( 1 ) ; log.push(get, set\n, of, async\n(5))",
    "var async = 1 ; async\nfunction f ( ) { return 1 } log.push(f())",
    "var f = function ( ) { return x => log.push(x) }\n( 1 )\nf ( 2 )",
    "var f = ( ) => { }\nvar g = class { }\nlog.push(typeof f, typeof g)",
    "var f = ( ) => { log.push(1) }\n;[ 2 ] . forEach ( x => log.push(x) )\n;( f ) ( )",
    "if ( 0 )\n log.push(1)\nelse\n log.push(2)\ndo log.push(3)\nwhile ( 0 )\nlog.push(4)\n;`5`",
    "var a = 1\nvar b = a\n+ 1\n- -1 ; +b\n-a ; log.push(a, b)",
    "try { throw /* c */ ( 1 )\n} catch ( e ) { log.push(e) }",
    "try {\n throw new Error ( 'a' )\n} catch\n{\n log.push(1)\n}\nfinally\n{\n log.push(2) }\n( 3 )",
    # classes
    "class A { #a = 1\n#b = 2\nc = this . #a + this . #b\n'd' = 3 ;\n[ 'e' ] = 4\n5 = 6 } log.push(new A)",
    "class A { static\na = 1\nstatic { log.push(this . a) }\nget\nb ( ) { return 2 }\n * c ( ) { yield 3 } } "
    "log.push(new A ( ) . b, ...new A ( ) . c ( ), Object . keys ( A ))",
    "class A { get\nset ( ) { } static\nasync\nof\n} log.push(Object . keys ( new A ))",
    "class A { get = 1\n; async = 2\n; static async * m ( ) { } ; #p ; has ( x ) { return #p in x } } "
    "log.push(Object . keys ( new A ), A . m . constructor . name, new A ( ) . has ( new A ))",
    "class A {\n x\n y\n z ( ) { }\n} log.push(Object . keys ( new A ))",
    "class A { x = 1\n'y'() { } ; static z ( ) { } } log.push(Object . keys ( new A ), Object . keys ( A ))",
    "var o = { get a ( ) { return 1 } , async b ( ) { } , * c ( ) { } , get : 2 , set : 3 , async , [ 'd' ] : 4 } "
    "; var async ; log.push(Object . keys ( o ), o . a)",
    # tokens that would fuse
    "var a = 1 , b = 2 ; log.push(a + + b, a - - b, a + ++ b, a - -- b, a ++ + b, a -- - b, - - a, + + a, - -- a)",
    "var a = 3 , b = 1 ; log.push(a < ! --b, a <! --b, a -- > b, a, ! -- b)",
    "var n = 3 ; while ( n -- > 0 ) log.push(n)\nwhile ( n ++ < 2 ) log.push(n)",
    "log.push(1 .toString ( ), 1. .toString ( ), 1.5 . toFixed ( ), 0x1 . toString ( ), 1n . x, 1 in [ 0 , 0 ])",
    "var a = 1 ; log.push(a ? .5 : 1, [ ... '.5' ], a ?. b, a ?. [ 0 ], a ?? 2)",
    "log.push('length' in 'a' . split ( '' ), typeof 'a', 'a' instanceof Object, void 0, delete log . x)",
    "var \\u0061b = 1 , é = 2 ; log.push(ab, é in [ 0 , 0 , 0 ], \\u0061b in [ 0 , 0 ])",
    # what begins a text
    "'use strict'\nlog.push((function ( ) { return this })() === undefined)",
    "'use\\x20strict'\nlog.push((function ( ) { return this })() === undefined)",
    "/*! a */ 'use strict' /* b */ ; log.push((function ( ) { return this })() === undefined)",
    "function f ( ) { 'use strict'\n'a'\nreturn this } log.push(f() === undefined)",
    "'use strict'\n. length ; log.push((function ( ) { return this })() === undefined)",
    "#!/usr/bin/env  node\nlog.push(1)",
    "\n{ log.push(1) }\n[ 2 ] . forEach ( x => log.push(x) )",
]  # fmt: skip


def test_hostile_programs_do_the_same_in_node() -> None:
    results = [minify(program) for program in _HOSTILE]
    logs = ask_node(_RUN, [*_HOSTILE, *results])
    assert isinstance(logs, list)
    apart = list(zip(_HOSTILE, results, logs, logs[len(_HOSTILE) :], strict=False))
    assert [row for row in apart if row[2] != row[3]] == []
    assert [row for row in apart if "Error" in row[2] or row[2] == "[]"] == []
    assert [row for row in apart if not same(row[0], row[1])] == []
    assert [row for row in apart if len(row[1]) > len(row[0])] == []


# --- laws ------------------------------------------------------------------------------------------------

# Words are parted by one space, `·` is a space inside a word, L a line end or a semicolon.
_GRAMMAR = {
    "program": ["'use strict' ; S S", "S S S", "S S", "S L S L S", "#!x\n S"],
    "S": [
        "E ;", "E ;", "E L", "E L", "{ S S }", "var x = E ;", "let [ x ] = [ E ] ;", "const { y = E } = x ;", ";",
        "if ( E ) { S } else S", "if ( E ) S", "for ( const k of E ) S", "for ( ; E ; ) { S break L }", "l : { S }",
        "while ( E ) { break l ; }", "do { S } while ( E ) L", "switch ( E ) { case E : S default : S }",
        "function f ( x , y = E , ... z ) { S return L }", "function * g ( ) { yield L yield E ; yield * E }",
        "async function h ( ) { await E ; for await ( x of y ) S }", "try { S } catch { S } finally { S }",
        "try { throw E } catch ( e ) { S }", "class A extends B { M M L M }", "class A { M ; M }", "async L E ;",
        "function f ( ) { return E }", "function f ( ) { return L E }", "import ( E ) ;", "var get = 1 , of L",
    ],
    "M": [
        "#p = E L", "static #q = E ;", "x = E L", "x L", "m ( ) { S }", "get m ( ) { return E }", "set m ( x ) { S }",
        "static { S }", "async m ( ) { S }", "static * m ( ) { yield E }", "[ E ] = E ;", "'s' = E ;", "1 = E ;",
        "constructor ( ) { super ( ) ; S }", "static async * #m ( ) { }", "h ( x ) { return #p in x }",
        "static x = E L",
    ],
    "E": [
        "x", "y", "1", "1.", ".5", "0x1f", "1n", "'a··b'", "/a··[/]·b/g", "/=x/", "this", "null", "( E )", "[ E , E ]",
        "`a··${ E }··b`", "`${ E ? `n··${ E }` : '' }··`", "x `a··b`", "{ } . x", "E + E", "E - E", "+ E", "- E",
        "x ++", "-- x", "E + ++ x", "E - -- x", "! -- x", "E < ! -- x", "x -- > E", "E / E", "E / /r/", "E * E",
        "E ** 2", "E in E", "E instanceof E", "typeof E", "void E", "delete x . y", "E ? E : E", "E ?? E", "x ?. y",
        "x ?. [ E ]", "E . toString ( )", "E [ E ]", "E ( E , ... E )", "new x ( E )", "new . target", "( x , y ) => E",
        "x => { S }", "async x => E", "async ( ) => { await E }", "function ( ) { S }", "( class { M L M } )", "x = E",
        "x += E", "{ x , y : E , get z ( ) { S } , * g ( ) { } , [ E ] : E , async m ( ) { } , ... E }",
        "( function ( ) { S } ) ( )", "x L ++ x", "x L . y", "x L && E", "E L ? E L : E", "x . in",
        "x L ( E )", "x L [ E ]", "\\u0061b", "\u00e9",
    ],
}  # fmt: skip
_GAPS = ["", "  ", "\n", "\n\n", "\r\n", "\u2028", "/*c*/", "/*\n*/", "//c\n", "/*! l */", "/*! l\n */", "\t"]
_LINE_ENDS = ["\n", "\n", "\n", " \n ", "//c\n", "\r\n", "/*c*/\n", " ;", " ;\n", "\n/*! l */", "/*\n*/\n"]


def program(random: Random) -> str:
    """A program, often one that parses, with white space and comments wherever they may stand."""

    def expand(symbol: str, depth: int) -> list[str]:
        if symbol == "L":
            return [random.choice(_LINE_ENDS)]
        if symbol not in _GRAMMAR:
            return [symbol.replace("·", " ")]
        choices = _GRAMMAR[symbol]
        choice = random.choice(choices[:13] if depth > 3 and symbol == "E" else choices) if depth < 7 else "x"
        return [word for part in choice.split(" ") for word in expand(part, depth + 1)]

    text = ""
    for word in expand("program", 0):
        gap = random.choice(_GAPS) if random.random() < 0.15 else " "
        fuses = gap == "" and re.search(r"[\w$+/-]$", text) and re.match(r"[\w$.+/-]", word)
        text += (" " if fuses else gap) + word
    return text.strip(" ")


def usable(text: str) -> bool:
    """Whether the proof can say anything of a text: it parses, and in one way."""
    return same_tree(text, text)


_AROUND = [
    "|", "function f(){|}", "function*f(){|}", "async function f(){|}", "l:for(;;){|}", "class A{|}", "o={|}", "`${|}`"
]  # fmt: skip
_LEFT = [
    "x", "f()", "x++", "a = function(){}", "return", "return x", "yield", "throw x", "break", "break l", "continue",
    "async", "await x", "g=()=>{}", "x => x", "var z", "'use'", "`t`", "[a]", "get", "static", "#a", "async x", "let",
    "of", "do x", "static x", "get x", "static async", "m(){}", "1", "1.", "/r/", "/r/g", "a = {}", "a = class{}",
    "export", "export default", "a in", "if (x)", "else", "new x", "x?.", "static {}", "x <", "x /", "<a/>", "<a>", "!",
]  # fmt: skip
_RIGHT = [
    "++y", "--y", "+y", "-y", "(y)", "[y]", "`y`", "/y/g", "/ y", "y", "'y'", "{}", "!y", "if(y);", "function f(){}",
    "async function f(){}", "let q", "in_", "instanceof_", "in y", "import('x')", "class Q{}", ".5", ".y", "?.y", "#a",
    "@d class R{}", "*y", "*m(){}", "y(){}", "'y'(){}", "[y](){}", "=> y", "= 1", "? a : b", "else y", "while(y)", "of",
    "static y", "from 'x'", ", y", "; y", "}", "1n", "!--y", "<b/>", "</a>", "> y", "-->y",
]  # fmt: skip
_BETWEEN = [
    " ", "\n", "\r", "\r\n", "\u2028", "\t\n\n", "/*c*/", "/*c*/\n", "/*\n*/", "/*\n*/\n", "//c\n", "//c\r",
    "//c\u2029", "/*c*/ /*\n*/", "\n/*c*/", "\n//c\n", "/*!l*/", "/*!l*/\n", "/*!l\n*/", "\n/*!l*/", "//c\n/*!l*/",
    "/*!l*//*\n*/", "/*\n*///c\n",
]  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(*map(st.sampled_from, (_AROUND, _LEFT, _BETWEEN, _RIGHT)))
def test_what_stands_between_any_two_tokens_keeps_them_as_they_are(
    around: str, left: str, between: str, right: str
) -> None:
    text = around.replace("|", left + between + right)
    if usable(text):
        result = minify(text)
        assert same(text, result)
        assert minify(result) == result


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_the_result_is_always_proven_and_minimal(seed: int) -> None:
    random = Random(seed)
    texts = [make(random) for make in (program, program, lambda random: two_spellings(random)[0]) for _ in range(8)]
    for text in filter(usable, texts):
        result = minify(text)
        assert same(text, result), text
        assert minify(result) == result, text
        assert same(text, minify(text, keep_licences=False)), text
        assert kept_comments(result) == kept_comments(text), text


@settings(deadline=None, max_examples=25)  # each example starts a node
@given(st.integers(0, 2**32))
def test_the_result_has_the_same_tree_in_node(seed: int) -> None:
    random = Random(seed)
    texts = [text for text in (program(random) for _ in range(120)) if usable(text)]
    results = [minify(text) for text in texts]
    found = trees([*texts, *results])
    for text, result, before, after in zip(texts, results, found, found[len(texts) :], strict=False):
        assert before is None or before == after, (text, result)
