"""Statements before an `@import`, and whether it counts behind them: for unit tests, and to ask Chromium the same."""

from __future__ import annotations

HEEDED = (
    # dropped by every browser: no selector can be made of it
    *(
        "{}",
        ".a > {}",
        "> a{}",
        "a,{}",
        ",a{}",
        "a > > b{}",
        "a >> b{}",
        ".{}",
        ". a{}",
        "#1{}",
        "1{}",
        "50%{}",
        '"a"{}',
    ),
    *("a!{}", "%a{}", "a: hover{}", "a:{}", "a::{}", "a:::b{}", "*a{}", "[a]b{}", ".a*{}", "[]{}", "a(){}", "()a{}"),
    *("svg|a{}", "-|a{}", "a@b{}", "a, .b >{}", ";a{}", "--a:b{}", "a <!-- {}", "--> <!--"),
    # a rule whose prelude is none
    *("@supports{}", "@supports x{}", "@container{}", '@container "x"{}', "@container 1{}"),
    *("@keyframes {}", "@keyframes x y{}", "@keyframes 1{}", "@-webkit-keyframes{}"),
    *(
        "@property{}",
        "@property x{}",
        "@property --x y{}",
        "@font-face x{}",
        "@counter-style{}",
        '@counter-style "x"{}',
    ),
    *("@font-palette-values x{}", "@position-try x{}", "@scope x{}", "@starting-style x{}", "@view-transition x{}"),
    *(
        "@layer a b;",
        "@layer;",
        "@layer a,;",
        "@layer a .b;",
        '@layer "a";',
        "@layer a b{}",
        "@layer a, b{}",
        "@layer 1{}",
    ),
    *("@namespace;", '@namespace a b "c";', "@namespace a b;", "@namespace a{}", '@namespace a "c" d;'),
    *('@namespace src("c");', '@namespace url("c" d);', "@function{}"),
    *("@import;", "@import x;", '@import "x"{}', '@import src("x");', '@import url("x" y);', '@import url(y "x");'),
    # what has a block, without it; and what no browser knows
    *("@media screen;", "@font-face;", "@keyframes x;", "@supports (a: b);", "@foo;", "@foo{}", "@tailwind base;"),
    *('@charset "x";', "@charset{}", "@-ms-viewport{}", "@-o-keyframes x{}"),
    # a rule that may stand before
    *("@layer a;", "@layer a, b.c;", "@layer a/**/.b;"),
)
LATE = (
    *("a{}", "a, b{}", "*{}", ".a{}", "#a{}", "#-a{}", ".a.b#c{}", "a > b + c ~ d e{}", "a /**/ b{}", "a/**/>/**/b{}"),
    *("[a]{}", "[a=b]{}", '[a = "b" i]{}', "[a^='b']{}", ":root{}", "a:hover:focus{}", "::before{}", "a:before{}"),
    *("::-webkit-any{}", "::selection{}", ":not(a, .b){}", ":is(a, :where(b > c)){}", ":nth-child(2n + 1){}"),
    *(":nth-child( -n+3 ){}", ":nth-of-type(even){}", ":nth-last-child(+3){}", ":lang(de){}", "*|a{}", "|a{}", "*|*{}"),
    *("\\31 a{}", "é{}", "--a{}", "A:HOVER{}"),
    *("@media{}", "@media x{}", "@media 1{}", "@font-face{}", "@page{}", "@page :first{}", "@keyframes x{}"),
    *(
        "@-webkit-keyframes x{}",
        "@layer{}",
        "@layer a{}",
        "@layer a.b{}",
        "@supports (a: b){}",
        "@supports not (a:b){}",
    ),
    *("@supports (a: b) and (c: d){}", "@supports (a: f(1px)) or (c: d){}"),
    *("@container (min-width: 1px){}", "@container x (width:1px){}", "@MEDIA x{}", "@med\\69 a x{}"),
    *('@namespace "c";', '@namespace a "c";', "@namespace a url(c);", '@namespace a url( "c" );'),
    # a statement that is late itself ends nothing more, but what stood before it did
    *('@import "x";@layer a;', '@namespace a "b";a|c{}', 'a{}@namespace a "b";'),
)
DOUBTFUL = (
    *(
        ":new-thing{}",
        "::new-thing{}",
        ":new-thing(a){}",
        ":-moz-x{}",
        "::-moz-x{}",
        "&{}",
        "a||b{}",
        ":not(:new-thing){}",
    ),
    *(":is(:new-thing){}", ":has(a){}", "[a='b' s]{}", "[*|a]{}", "a/**/.b{}", "::before:hover{}", "::before a{}"),
    *(":nth-child(1 of a){}", "a, :new-thing{}", ":not(" * 40 + "a" + ")" * 40 + "{}"),
    *(
        "@-moz-document url-prefix(){}",
        "@-webkit-new{}",
        "@custom-media --a (b);",
        "@function --a(){}",
        "@color-profile a{}",
    ),
    *("@position-try --a{}", "@view-transition{}", "@starting-style{}", "@scope (a){}", "@property --a{}"),
    *("@counter-style x{}", "@font-palette-values --x{}", "@font-feature-values x{}", "@page x{}"),
    *(
        "@supports (a){}",
        "@supports selector(a){}",
        "@supports (a: b) and{}",
        "@supports (a: b) and (c: d) or (e: f){}",
    ),
    *("@container x{}", "@container style(--a: b){}", "@keyframes none{}", '@keyframes "x"{}', "@layer initial{}"),
    # Chromium drops an import whose condition does not hold; then layers may follow it
    *('@import "x" supports(a: b);@layer c;', '@import url("x" y());@layer c;', '@import "x";@layer inherit;'),
)
