"""Syntax that is newer than some engines, or that no engine has yet: minified, or left as it is, and never damaged.

esbuild is the judge, for it reads what a node of today may not. What is left shows what the parser does not know.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.protocols import Way
from assetbuild.build.registry import create
from tests.lab.esbuild import Printer, printer

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def esbuild(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printer]:
    with printer(tmp_path_factory.mktemp("esbuild")) as running:
        yield running


_MINIFIED = [
    "{ using a = b ( ) ; c ( a ) }",
    "async function f ( ) { await using a = b ( ) ; c ( a ) }",
    "for ( using a of b ) { c ( a ) }",
    "async ( ) => { for ( await using a of b ) { c ( a ) } }",
    "using\na = 1",
    "x = / [\\p{L}--[a-z]] /v ;",
    "x = / [[a-z]&&[aeiou]] /v . test ( y )",
    "x = / [[/]] /v . test ( y ) ;",
    "x = / (?i:a  b) / ; y",
    "x = / (?<a>b  )|(?<a>c) / ;",
    "x = / (?<!a)b  / . test ( c )",
    "@a ( 1 ) class B { }",
    "class B { @a b = 1 ; @c . d ( 2 ) e ( ) { } }",
    "@a export class B { }",
    "export @a class B { }",
    "x = @a class { }",
    "#!/usr/bin/env node\nx = 1 ;",
    "import x from 'y' with { type : 'json' } ; x",
    "import x from 'y' with { 'type' : 'json' , } ; x",
    "import 'y' with { type : 'json' } ;",
    "import ( 'y' , { with : { type : 'json' } } ) ;",
    "class A { #x ; static f ( o ) { return #x in o && ! ( #x in p ) } }",
    "a ?. b ?. ( c ) ?. [ d ] ; ( a ?. b ) `  c`",
    "x = 1_000.5_0 + 0xf_f + 1_0n + 1e1_0 + 0b1_0 + 0o1_7 ; y",
    "class A { static { this . a = 1 } static  #b }",
    "await x ;\nfor await ( const y of z ) { }",
    "const _null = 1 , _in = 2 ; export { _null as null , _in as in } ;",
    "import { null as a , in as b } from 'y' ; a ; b",
    "export * as null from 'y' ;",
    "const a = 1 ; export { a as 'b  c' } ;  export { 'b  c' as d } from 'x' ;",
    "class A { #\\u0061 ; b ( ) { return this . #\\u0061 } }",
    "var \U00010400 = 1 , a\u200cb = 2 ; \U00010400 in a\u200cb",
]
_LEFT = [
    "class A { accessor a = 1 ; static accessor #b = 2 }",
    "class B { @( f ) static g }",
    "class A { a\n* b ( ) { } }",
    "class A { [ a ]\n[ b ] }",
    "import defer * as n from 'x' ;\n n ;",
    "import source s from 'x' ;\n s ;",
    "import.defer ( 'x' ) ;",
    "import.source ( 'x' ) ;",
    "import x from 'y' assert { type : 'json' } ; x",
    "export { x } from 'y' with { type : 'json' } ;",
    "export * from 'y' with { type : 'json' } ;",
    "export { if , null as default } from 'y' ;",
    "var using = 1 ; using [ 0 ] ; using ( x )",
    "for ( async of => { } ; ; ) break ; ",
    "a `\\u` ;  b",
]
"""Syntax that the parser does not know."""


@pytest.mark.parametrize(
    ("text", "minified"), [*((text, True) for text in _MINIFIED), *((text, False) for text in _LEFT)]
)
def test_new_syntax_is_minified_or_left(text: str, minified: bool, esbuild: Printer) -> None:
    result = create(ProcessorSpec("rjsmin"), TextKind.JS)(text)
    if minified or result.way is not Way.UNCHANGED:  # what the parser does not read, its tokens may prove
        assert result.way is not Way.UNCHANGED
    else:
        assert result.text == text
        assert "does not parse" in result.reason
    verdict = esbuild.compare(text, result.text)
    assert verdict.refusal == ""
    assert verdict.differences == ("",)
