"""Seeds for fuzzing: short texts in which each construct that a reader knows stands once, and words to add to them."""

from __future__ import annotations

CSS = (
    b'@charset "utf-8";\n@import url("a.css") layer(x) supports(display: grid) screen and (min-width: 1px);\na{b:c}',
    b"@import 'a.css';@namespace svg url(http://www.w3.org/2000/svg);@layer a,b;@media print{.f :hover{c:d}}",
    b"/*! licence */ a > b , c + d ~ e [f~='g' i] : not ( .h ) { --x : { y } ; color : rgb( 1 2 3 / 4% ) !important }",
    b'.a{background:url( "x(1).png" ),URL(a\\ b.png?v=1#c),image-set("d.png" 1x,url(e.png) 2x)}/*#'
    b" sourceMappingURL=a.map */",
    b"@font-face{src:url(f.eot?#iefix)}@supports (a:b) and (not (c:d)){e{f:calc(1px + 2px - (3em*4))}}",
    b".a/**/.b{c:'d\\\ne'}\n@container s (width > 1px){& .f{g:h}}\n.tw\\:bg-\\[url\\(\\'x\\'\\)\\]{}<!-- --> u+26-7f",
    "\ufeff.é{content:'\\201C\\'';x:\\66 oo}".encode(),
    b'@charset "latin1";a{b:"\xe9"}',
    "a{b:c}".encode("utf-16"),
)
JS = (
    b"#!/usr/bin/env node\n'use strict';\nimport a, { b as c } from './x.js?y#z'; export * from"
    b' "../w.js"\nexport default 1',
    b"const u = new URL('./i.png', import.meta.url), w = new Worker(new URL(`../w.js`,"
    b" import.meta.url)); import('./' + n)",
    b"/*! licence */ x = `a ${ `b  ${ c }` } d` // @license MIT\n/* @preserve */ ; y = a / b / c + /[/\\]]+/gu.test(d)",
    b"class A { #a = 1\n#b\nstatic { var c } get\nd() { return\n`t` } async *[e]() {} 'f' = 2"
    b" }\nlabel: for (;;) { break label }",
    b"a = b\n++c\nif (d) e; else f\nvar { g, h: [i = 1, ...j], ...k } = {}, l = async () => await"
    b" m\n--> html\nn <!-- o",
    b"function f() { 'use strict'; return 1 } { function g() {} } for (var p of q) switch (r) { case 1: continue }",
    b"x = a ? b : c ?? d?.e?.[f]; y **= 2; z = 0x1fn + 1_000 + .5e-3 - 1 .toString(); new.target; a\x0b\xc2\xa0b",
    b"s = 'a\\\nb\\u{1F600}\\x41\\101'\r\nt = <div a={b}>c</div>\r//# sourceMappingURL=a.js.map\n",
    "\ufeffvar é = '\u2028', \\u0061 = 1".encode(),
    b"s = '\xff\xfe'; // \xe9",
)
TOML = (
    b'sources = ["static", {path = "lib", mount = "v"}]\ninclude = ["**/*"]\nmissing = "warn"\nlicences = "file"\n',
    b'output = "o"\nmanifest = "o/m.json"\ncompress = {gzip = 9, br = 5}\nstable = ["a.ico"]\ntemplates = ["t/**"]\n',
    b'[processors]\ncss = [{name = "rcssmin", keep_licences = false}]\njs = []\n[importmap]\n"a" = "https://b/c.js"\n',
    b'[bundles]\n"a.css" = ["b.css", "c/*.css"]\n"d.js" = {inputs = ["e.js"], processors = ["rjsmin"]}\n',
    b"a.b.'c' = 1979-05-27T07:32:00Z\n[[d]]\ne = '''f\n'''\ng = \"\"\"h\\\n  i\"\"\"\nj = [1.5, inf, 0xff, true]\n",
)
MANIFEST = (
    b'{"schema":1,"build":"' + b"0" * 64
    + b'","assets":{"a.css":{"path":"a-0.css","type":"text/css","size":1,"sha256":"' + b"0" * 64
    + b'","integrity":"sha384-' + b"A" * 64 + b'","variants":{"br":{"path":"a-0.css.br","size":1}},'
    b'"preload":["a.css"],"imports":["a.css"],"module":true,"stable":true}},"importmap":{"b":"a.css"}}',
)  # fmt: skip
STATE = (
    b'{"key":"k","recorded_ns":1,"manifest_sha256":"m","build":"b","sources":[[0,"a.css",1,2,3,4,"s","t"]],'
    b'"outputs":[["a-0.css",1,2,3,"s"]],"descriptions":{"a.css":[["input'
    b' a.css","s"]]},"reasons":{"a.css":["r"]},"flaws":""}',
    b'{"key":"k","recorded_ns":1e999,"manifest_sha256":"m","build":"b","sources":[],"outputs":[]}',
)
TEMPLATE = (
    b"{{ asset_url('a.css') }}{% assets 'b.js' %}{{ ASSET_URL }}{% endassets %}{{ url_for('static',"
    b" filename='c' ~ '.js') }}",
    b"{% for a in b if c %}{{ asset_tags(*d, nonce=e) | safe }}{% endfor %}{# asset_url('f') #}{%"
    b" raw %}{{ g }}{% endraw %}",
)
WORDS = (
    b"'", b'"', b"`", b"${", b"}", b"{", b"(", b")", b"[", b"]", b"/*", b"*/", b"//", b"\\", b"\n", b"\r\n",
    b"\r", b"\x0c",
    b"\x00", b"\xff", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80",
    b"<!--", b"-->", b";",
    b":", b",", b"url(", b"@import ", b"@charset ", b"@media ", b"import ", b"export ", b"await ",
    b"async ", b"=>", b"/", b"\\u{",
    b"\\110000 ", b"sourceMappingURL=", b"/*!", b"//!", b"@license", b"'use strict'", b"#!",
    b"\xf4\x8d\xb0\x80", b"null", b"-1",
    b"1e999", b"[[", b"]]", b"9" * 5000, b"assetbuild0ref000000z",
)  # fmt: skip
