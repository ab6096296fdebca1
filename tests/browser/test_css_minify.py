"""What Chromium makes of style sheets before and after our minifying: the same rules, down to every declaration.

Neighbouring rules are compared as one where one can say them: their selectors together, or their declarations, of which
the last of a name counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from assetbuild.build.encoding import decode_css
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.registry import create
from assetbuild.build.safe_css import minify
from tests.lab.corpus import fetch_l
from tests.lab.test_css_lab import sheets

# `cssText` gives custom properties and whatever holds `var()` as they were written, so of these the white space goes
# that may go. Whatever Chromium does not keep (hacks for other browsers) it cannot compare; the proof does.
RULES = r"""
text => {
    const style = document.createElement('style');
    style.textContent = text;
    document.head.append(style);
    const own = value => value.replace(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\/\*[^]*?\*\/|\s+/g,
                                       (whole, string) => string ?? (whole.startsWith('/') ? '' : ' ')).trim();
    const held = value => own(value).replace(
        /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\s*([,*\/])\s*(?!\))|(?<=\()\s+|\s+(?=\))/g,
        (whole, string, mark) => string ?? mark ?? '');
    const declarations = style => Array.from(style, name => {
        const value = style.getPropertyValue(name);
        const shown = name.startsWith('--') ? own(value) : /var\(|env\(/.test(value) ? held(value) : value;
        return [name, shown, style.getPropertyPriority(name)];
    });
    // A shorthand with `var()` in it has no longhands to read yet.
    const pending = ({cssText}) => held(cssText).split(/;\s*/)
        .filter(one => one.includes('var(') && !one.startsWith('--'))
        .map(one => [one.slice(0, one.indexOf(':')), one, /!important$/.test(one)]);
    const head = rule => {
        const text = rule.cssText.slice(0, rule.cssText.indexOf('{'));
        const kept = rule instanceof CSSConditionRule;
        return kept ? text.replace(/(?<=\()\s+|\s+(?=\))|\s*(:)\s*/g, '$1') : text;
    };
    const shown = rule => {
        const inner = rule.cssRules ? merged(Array.from(rule.cssRules, shown)) : [];
        const kind = rule.constructor.name;
        if (rule.style) return [kind, head(rule).trim(), declarations(rule.style).sort(), pending(rule.style), inner];
        return rule.cssRules ? [kind, head(rule), inner] : [kind, rule.cssText];
    };
    const alike = (one, other) => JSON.stringify(one) === JSON.stringify(other);
    const declared = (one, other) => {
        const found = new Map(one.map(each => [each[0], each]));
        for (const each of other)
            if (each[2] || !found.get(each[0])?.[2]) found.set(each[0], each);
        return [...found.values()].sort();
    };
    const merge = (one, other) => {
        if (![one, other].every(([kind,,, , inner]) => kind === 'CSSStyleRule' && !inner.length)) return null;
        const [kind, selector, body, rest] = one;
        if (selector === other[1]) return [kind, selector, declared(body, other[2]), declared(rest, other[3]), []];
        return alike([body, rest], other.slice(2, 4)) ? [kind, `${selector}, ${other[1]}`, body, rest, []] : null;
    };
    const merged = rules => rules.reduce((done, rule) => {
        for (let found; done.length && (found = merge(done.at(-1), rule)); rule = found) done.pop();
        return [...done, rule];
    }, []);
    const rules = merged(Array.from(style.sheet.cssRules, shown));
    style.remove();
    return rules;
}
"""

SHEETS = [
    # selectors
    ".f :hover { color: red } .f:hover { color: blue }",
    "@layer a { .f :hover { color: red } } @layer b , c.d ;",
    "@container (width > 1px) { .f :hover { color: red } }",
    "@container name style(--a: b) and (min-width: 0.50em) { .f { color: #AABBCC } }",
    ".f { & :hover { color: red } &:hover { color: red } .g & { color: red } > .h { color: red } + i { top: 0px } }",
    ".f { color: red; .g :hover { margin: 0px } color: blue }",
    ".a/**/.b { color: red } .a /**/ .b { color: red } .a/**/ > /**/.b { color: red }",
    ":is( a , b > c ) d , :where( .a :hover ) , :not( .b , #AABBCC ) , a:has( > b , + c ) { color: red }",
    '[a="b"] , [a="b"i] , :is([a="b" s]) , [a="b c" i] , [ a |= "b" ] , [a=""] , [a="1"] , [a="\\62"] { top: 0px }',
    '[a~="b"][c^="d"] , [e$="."] , [f*="--g"] , [*|h="i"] , [j=\'k"l\'] { color: red }',
    ":nth-child( 2n + 1 ) , :nth-child(+3n - 2) , :nth-child(n+1 of .a , .b) , :nth-last-of-type( odd ) { top: 0px }",
    "a::before , a::after , p::first-line , p::first-letter , ::marker , ::part( x )::before { color: red }",
    ".\\31 23 , .\\31  .b , .a\\:b , .w-1\\/2 , .c\\a , .\\{d\\} , #\\#e , .f\\\\ { color: red }",
    "* , *|* , * + a , a * , a>b~c+d , html>/**/body { color: red }",
    "::-webkit-scrollbar , ::selection { color: red } a::-webkit-x , b { color: red }",
    "@scope ( .a > .b ) to ( .c , .d ) { :scope :hover , img { color: red } }",
    "@namespace svg url( http://www.w3.org/2000/svg ); svg|a , a[svg|b='c'] { color: red }",
    # values
    "a { width: calc( 1px + 2px ); height: calc( (1px - -2px)*-1 + 0px ); top: calc(100%/3 - 2*1em - 2*1px) }",
    "a { width: min( 1.0px , 0.50em ) ; margin: +.5px -0.5px 01px 1.50px ; line-height: 1.0 ; z-index: 1.0 }",
    "a { opacity: 1.e3; top: 1.0e1px; left: 1e3px; width: 1E-2em; margin: .0px 0.0px }",
    "a { tab-size: 0px; line-height: 0px; line-height: 0.50 }",
    "a { flex: 0 0 auto } b { flex: 1 1 auto } c { flex: 1 1 0px } d { flex: 1 0 0 } e { flex: 1 1 auto 2 }",
    "a { margin: 1px 2px 1px 2px; padding: 0px 0px 0px 0px; inset: 1px 1px; border-radius: 1px 2px 1px 2px / 3px }",
    "a { margin: inherit inherit; padding: auto auto; border-style: none none none none; border-color: #FFF #ffffff }",
    "a { color: #AABBCC } b { color: #AbCd } c { color: #AABBC } d { color: #AABBCCDD } e { color: #AABBCD }",
    "a { background: URL( 'a b.png' ) 0px 0px / 10.0px no-repeat , linear-gradient( to left , #FFFFFF 0.0% , #000 ) }",
    "a { box-shadow: inset 0px 0px 0px 1px #FFFFFF , 0 0 RED } b { transform: rotate( 0.50deg ) scale( 1.0 ) }",
    "a { content: 'a' \"b\" counter( c ) ; quotes: '\"' \"'\" '\\201c' '\\201d' ; content: \"\\\nx\" }",
    "a { font: italic 700 0.8em/1.0 'My Font' , \"Other\", sans-serif ; font-family: A B , 'C  D' }",
    "a { grid-template: [a] 'x y' 1.0fr [b] 'z z' auto / [c d] 0.5fr 1fr ; grid-area: 1 / 2 / 3 / 4 }",
    "a { color: red !important ; top: 0px! important ; left: 1px ! /**/ important; right: 0 !ie }",
    "a { width: 10px\\9 ; *zoom: 1 ; _height: 0px ; top: 0px\\0 ; filter: progid:X.y(a=0.50,b='#AABBCC') }",
    "a { filter: drop-shadow( 0px 0px 1.0px #FFFFFF ) blur( 0px ) }",
    "a { transition: all 0.50s cubic-bezier( 0.0 , 1.0 , .5 , 1 ) 0s , top 1.0s steps( 2 , end ) }",
    "a { aspect-ratio: 16 / 9 ; border-image: url( 'x' ) 30 / 0px / 0px round ; mask: url( \"#m\" ) }",
    'a { background: image-set( "a.png" 1x , url( b.png ) 2.0x ) ; cursor: url( x.cur ) 2 2 , auto }',
    # custom properties
    "a { --a: ; --b:; --c:{ x: y ; z } ; --d: #AABBCC 0.50 'x' ; --e: a , b ; --f:( g ) }",
    "a { --\\67 : h ; --i: calc( 1px+2px ) ; --j: [ k ] ; --l:  !important ; --m: url( n ) ; --o: p/**/q }",
    "a { color: var( --x , ) ; color: var(--x,) ; top: var( --y , 0px ) ; width: calc( var(--z) * -1 + 0.50px ) }",
    "a { margin: 0px var( --x ) 0px ; background: rgba( var(--r) , 0.50 ) url( 'x' ) ; width: env( safe-area , 0px ) }",
    "@property --p { syntax: '<length>' ; inherits: false ; initial-value: 0px }",
    "@property --q { syntax: '*' ; inherits: true ; initial-value: a , 'b' 0.50 }",
    # at-rules
    "@media screen and (min-width: 0.50em) and ( max-width : 10px ) , not print , only x { a { top: 0px } }",
    "@media ( 1px <= width < 10.0px ) and (aspect-ratio > 16 / 9) and (not (hover)) { a { color: red } }",
    "@supports not ( (display: grid) or ( --a : b ) ) { a { top: 0px } } @supports selector(a>b) { b { top: 0px } }",
    "@keyframes x { from , 50.0% { top: 0px } 66.60% { opacity: 0.50 } to { top: 1.0px } 100% { left: 0px } }",
    "@font-face { font-family: 'x' ; src: url( 'a.woff2' ) format( \"woff2\" ) , local( 'b c' ) }",
    "@font-face { font-family: x ; src: url(x) ; unicode-range: U+0025-00FF , u+4?? , U+0-7F }",
    "@font-face { font-family: x ; src: url(x) ; font-weight: 100 900 ; ascent-override: 90.0% ; size-adjust: 0.50% }",
    "@page :first { margin: 0px ; @top-left { content: 'x' ; color: #AABBCC } } @page a { size: 1.0in }",
    "@counter-style x { system: fixed ; symbols: 'a' \"b\" #c url( x ) ; suffix: ' ' ; range: 01 infinite }",
    "@font-palette-values --x { font-family: y ; override-colors: 0 #AABBCC , 1 #FFFFFF }",
    "@starting-style { a { opacity: 0.0 } } @view-transition { navigation: auto } @unknown { a { top: 0px } }",
    "@layer x { @media all { @supports (top: 0px) { a { & b { top: 0px } } } } }",
    # what stands between
    "<!-- a { color: red } --> b { color: red }",
    '@charset "x"; a { color: red ; ; ; top: 0px ; } ; b { color: red } c { }',
    "a { color: red } ) b { color: red } c { top: 0px ) ; left: 0px }",
    "a { color : ; : red ; top 0px ; 1: 2 ; left: 0px ; @x ; right: 0px }",
    "a { background: url( data:image/svg+xml;utf8,%3Csvg/%3E ) ; color: red/* ; */; } /* } */ b { top: 0px }",
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        opened = context.new_page()
        opened.set_content("<!doctype html><title>rules</title>")
        yield opened


def rules(page: Page, text: str) -> Any:
    return page.evaluate(RULES, text)


@pytest.mark.parametrize("text", SHEETS)
def test_chromium_reads_the_same_rules_after_minifying(page: Page, text: str) -> None:
    processed = create(ProcessorSpec("rcssmin"), TextKind.CSS)(text)
    before = rules(page, text)
    assert before
    assert rules(page, minify(text)) == before
    assert rules(page, processed.text) == before
    assert len(processed.text) < len(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@layer x{.f :hover{top:0}}", "@layer x{.f:hover{top:0}}"),
        ("a{--b:c, d}", "a{--b:c,d}"),
        ("a{margin:0 var(--b)}", "a{margin:0 var(--c)}"),
        ("a{color:#abc}", "a{color:#abd}"),
        ("a{b{top:0}}", "a{c{top:0}}"),
        ("@font-face{font-family:x}", "@font-face{font-family:y}"),
    ],
)
def test_a_difference_would_be_seen(page: Page, one: str, other: str) -> None:
    assert rules(page, one) != rules(page, other)


@pytest.mark.lab
@pytest.mark.slow
def test_chromium_reads_the_same_rules_in_every_sheet_of_the_libraries_after_minifying(page: Page) -> None:
    process = create(ProcessorSpec("rcssmin"), TextKind.CSS)
    wrong = []
    for file in sheets():
        text = decode_css(file.read_bytes()).text
        if rules(page, process(text).text) != rules(page, text):
            wrong.append(file.relative_to(fetch_l()).as_posix())
    assert wrong == []
