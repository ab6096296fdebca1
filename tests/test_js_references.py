"""What a script names: the rows of the hard cases on ES modules, and the exact spans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.model import RefKind
from assetbuild.build.scan_js import Script, read
from tests.project import PLAIN, project

STATIC, DYNAMIC, URL, MAP = RefKind.JS_IMPORT, RefKind.JS_DYNAMIC, RefKind.JS_URL, RefKind.SOURCE_MAP
RESOLVE, SCRIPTS = RefKind.JS_RESOLVE, RefKind.JS_IMPORT_SCRIPTS


def found(text: str) -> list[tuple[RefKind, str, str, str]]:
    """Kind, replaced slice, path and outer slice of every reference."""
    return [
        (item.kind, text[item.start : item.end], item.path, text[item.outer_start : item.outer_end])
        for item in read(text).references
    ]


@pytest.mark.parametrize(
    ("text", "kind", "path", "outer"),
    [
        ('import"./m.js"', STATIC, "./m.js", '"./m.js"'),
        ('import*as t from"./m.js"', STATIC, "./m.js", '"./m.js"'),
        ('import{a}from"./m.js"', STATIC, "./m.js", '"./m.js"'),
        ('import k from"./o.css"with{type:"css"}', STATIC, "./o.css", '"./o.css"'),
        ("import d, {a as b} from '../m.js'", STATIC, "../m.js", "'../m.js'"),
        ("import d from '/lib/m.js'", STATIC, "/lib/m.js", "'/lib/m.js'"),
        ("export * from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("export * as n from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("export * as 'a b' from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("export {a} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("export{default as x}from'./m.js'", STATIC, "./m.js", "'./m.js'"),
        ("export {} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import {default as x} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import {'a b' as x} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import d, * as n from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import {} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import/*c*/'./m.js'/*d*/;", STATIC, "./m.js", "'./m.js'"),
        ("import\n'./m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import o from './m.json' with {type: 'json',}", STATIC, "./m.json", "'./m.json'"),
        ("import './m.js?v=1#x'", STATIC, "./m.js", "'./m.js?v=1#x'"),
        ("import './m.js?'", STATIC, "./m.js", "'./m.js?'"),
        ("const é = '\U0001f600'; import('./m.js')", DYNAMIC, "./m.js", "'./m.js'"),
        ("import( /* c */ './m.js' )", DYNAMIC, "./m.js", "'./m.js'"),
        ("import(`./m.js`)", DYNAMIC, "./m.js", "`./m.js`"),
        ("import('./m.json', {with: {type: 'json'}})", DYNAMIC, "./m.json", "'./m.json'"),
        ("import('./m.css', {with: {type: 'css',},},)", DYNAMIC, "./m.css", "'./m.css'"),
        ("import('./m.js',)", DYNAMIC, "./m.js", "'./m.js'"),
        ("import('./m.js').then(({ x }) => x)", DYNAMIC, "./m.js", "'./m.js'"),
        ("const { x } = await import(`./m.js`, options)", DYNAMIC, "./m.js", "`./m.js`"),
        ("x = `${import('./m.js')}`", DYNAMIC, "./m.js", "'./m.js'"),
        ("new URL('./i.png', import.meta.url)", URL, "./i.png", "'./i.png'"),
        ("new URL('i.png', import.meta.url)", URL, "i.png", "'i.png'"),
        ("new URL(/* c */ './i.png', /* d */ import.meta.url,)", URL, "./i.png", "'./i.png'"),
        ("new Worker(new URL('./w.js', import.meta.url), {type: 'module'})", URL, "./w.js", "'./w.js'"),
        ("new SharedWorker(new URL('./w.js', import.meta.url))", URL, "./w.js", "'./w.js'"),
        ("new URL(`./i.png`, import.meta.url).href", URL, "./i.png", "`./i.png`"),
        ("new URL('/i.png', import.meta.url)", URL, "/i.png", "'/i.png'"),
        ("new window.URL('./i.png', import.meta.url)", URL, "./i.png", "'./i.png'"),
        ("new self.URL('./i.png', import.meta.url)", URL, "./i.png", "'./i.png'"),
        ("new globalThis.URL('./i.png', import.meta.url)", URL, "./i.png", "'./i.png'"),
        ("import.meta.resolve('./m.js')", RESOLVE, "./m.js", "'./m.js'"),
        ("import.meta.resolve(/* c */ `../i.png`,)", RESOLVE, "../i.png", "`../i.png`"),
        ("importScripts('m.js')", SCRIPTS, "m.js", "'m.js'"),
        ("self.importScripts('./m.js?v=1')", SCRIPTS, "./m.js", "'./m.js?v=1'"),
        ("globalThis.importScripts(`/m.js`)", SCRIPTS, "/m.js", "`/m.js`"),
        ("x\n//# sourceMappingURL=a.js.map", MAP, "a.js.map", "//# sourceMappingURL=a.js.map"),
        ("x //# sourceMappingURL=a.js.map \t\n", MAP, "a.js.map", "//# sourceMappingURL=a.js.map \t"),
        ("x\n//@ sourceMappingURL=a.js.map\r\n", MAP, "a.js.map", "//@ sourceMappingURL=a.js.map"),
        ("é /*# sourceMappingURL=m/a.js.map?x */; y", MAP, "m/a.js.map", "/*# sourceMappingURL=m/a.js.map?x */"),
    ],
)
def test_a_reference_is_found_with_its_exact_spans(text: str, kind: RefKind, path: str, outer: str) -> None:
    assert found(text) == [(kind, path, path, outer)]


@pytest.mark.parametrize(
    "text",
    [
        "// import './m.js'",
        "/** @type {import('./m.js').T} */ x",
        "s = \"import './m.js'\"",
        "t = `import './m.js'; import('./n.js')`",
        'obj.import("./x")',
        'x = { import(a) {} }; x.import("./x")',
        'obj?.import("./x")',
        "r = /import('.\\/x')/",
        "s = '//# sourceMappingURL=a.js.map'",
        "t = `\n//# sourceMappingURL=a.js.map\n`",
        "/*\n//# sourceMappingURL=a.js.map\n*/",
        "// see //# sourceMappingURL=a.js.map",
        "//# sourceMappingURL=data:application/json;base64,e30=",
        "//# sourceMappingURL=https://example.com/a.js.map",
        "//# sourceMappingURL=//example.com/a.js.map",
        "//# sourceMappingURL=a.js.map and more",
        "//# sourceMappingURL=",
        "import 'https://example.com/x.js'; import '//example.com/x.js'; import('data:text/javascript,1')",
        "new URL('https://example.com/i.png', import.meta.url)",
        "new URL('.', import.meta.url); new URL('../', import.meta.url); new URL('#x', import.meta.url)",
        "new URL('./i.png', location.href); new URL('./i.png'); new URI('./i.png', import.meta.url)",
        "function F() { return new URL('./i.png', new.target.url) }",
        "new window.location.URL('./i.png', import.meta.url); new my.URL('./i.png', import.meta.url)",
        "URL('./i.png', import.meta.url); window.URL('./i.png', import.meta.url)",
        "import.meta.resolve('https://example.com/m.js'); import.meta.resolve('./'); import.meta.resolve()",
        "import.meta.other('./m.js'); meta.resolve('./m.js'); require.resolve('./m.js')",
        "function F() { new.target.resolve('./m.js') } // import",
        "importScripts('https://example.com/m.js', '//example.com/m.js', 'blob:x', name); importScripts()",
        "importScripts(url); importScripts(base + 'm.js'); x.importScripts('m.js')",
        "new Worker('./w.js'); new Worker('w.js', {type: 'module'}); new SharedWorker('w.js')",
        "navigator.serviceWorker.register('./sw.js'); fetch('./a.json'); CSS.paintWorklet.addModule('./p.js')",
        "import.meta.glob('./*.js'); import.meta.env.MODE; require('./m.js'); define(['./m.js'], f)",
        "import './m.js'; a(",
    ],
)
def test_what_is_no_reference_is_left_alone(text: str) -> None:
    script = read(text)
    assert (script.references, script.bare, script.computed) == ((), (), ())


def test_every_script_of_one_call_is_found() -> None:
    assert [item[1] for item in found("importScripts('a.js', name, \"b.js\", 'https://x.org/c.js')")] == [
        "a.js",
        "b.js",
    ]


def test_the_last_source_map_comment_counts_and_every_one_is_known() -> None:
    text = "//# sourceMappingURL=a.map\nx\n//# sourceMappingURL=b.map\ny"
    assert [item[1] for item in found(text)] == ["b.map"]
    assert [text[start:end] for start, end in read(text).map_comments] == [
        "//# sourceMappingURL=a.map",
        "//# sourceMappingURL=b.map",
    ]
    assert found("//# sourceMappingURL=a.map\n//# sourceMappingURL=data:x") == []


@pytest.mark.parametrize(
    ("text", "slice_", "path"),
    [
        (r"import './\x61\u0062\u{63}.js'", r"./\x61\u0062\u{63}.js", "./abc.js"),
        (r"import './a\?b'", "./a", "./a"),
        (r"import './a\x23b'", "./a", "./a"),
        ("import './a\\\nb.js'", "./a\\\nb.js", "./ab.js"),
        (r"import './\ud83d\ude00.js'", r"./\ud83d\ude00.js", "./\U0001f600.js"),
        (r"import '\56\x2fa.js'", r"\56\x2fa.js", "./a.js"),
    ],
)
def test_escapes_are_undone_in_the_path_and_kept_in_the_span(text: str, slice_: str, path: str) -> None:
    assert [item[1:3] for item in found(text)] == [(slice_, path)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import x from 'lit'", STATIC),
        ("export * from 'lit'", STATIC),
        ("import('lit')", DYNAMIC),
        ("é; import(`lit`)", DYNAMIC),
        ("import.meta.resolve('lit')", RESOLVE),
    ],
)
def test_bare_specifiers_are_told_apart(text: str, kind: RefKind) -> None:
    (bare,) = read(text).bare
    assert (bare.kind, bare.specifier, text[bare.start : bare.end]) == (kind, "lit", "lit")
    assert read(text).references == ()


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ('é; import("./" + name)', (3,)),
        ("import(`./${name}.js`)", (0,)),
        ("import(name); import(other)", (0, 14)),
        ("new URL('./' + name, import.meta.url)", (0,)),
        ("new URL(`../${name}`, import.meta.url)", (0,)),
        ("new URL(name, import.meta.url)", ()),
        ("new URL('/api/' + name, import.meta.url)", ()),
        ("é; import.meta.resolve('./' + name)", (3,)),
        ("import.meta.resolve(name)", ()),
        ("importScripts(`./${name}.js`, './a.js')", (0,)),
    ],
)
def test_computed_imports_are_reported_where_they_stand(text: str, offsets: tuple[int, ...]) -> None:
    assert read(text).computed == offsets


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("é; import 'x'", 3),
        ("export {}", 0),
        ("x; export default 1", 3),
        ("f(import.meta.url)", 2),
        ("await x", 0),
        ("if (a) { y = await x }", 13),
        ("for await (a of b) {}", 0),
        ("async function f() { await x } await y", 31),
        ("import('x')", None),
        ("async function f() { await x; for await (a of b) {} }", None),
        ("(async () => { await x })()", None),
        ("class A { async m() { await x } static {} }", None),
        ("function F() { new.target }", None),
        ("x = {import: 1, export: 2}", None),
        ("", None),
    ],
)
def test_a_module_is_known_by_its_syntax(text: str, offset: int | None) -> None:
    script = read(text)
    assert script.module_syntax == offset
    assert script.module is (offset is not None)
    assert script.error is None


@pytest.mark.parametrize(
    ("text", "offset"),
    [("a(", 0), ("é;\nx = ;\n", 7), ("if (a) {\n", 8), ("x = 1;\nvar 2x;\n", 11), ("`a", 0), ("/* a", 0), ("'a", 0)],
)
def test_what_does_not_parse_is_found(text: str, offset: int) -> None:
    error = read(text).error
    assert error is not None
    assert abs(error - offset) <= 4


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "#!/usr/bin/env node", "// c", "/* c */\n", "x", "\ufeffx", "x\r\ny", "<!-- x\n"]
)
def test_what_parses_has_no_error(text: str) -> None:
    assert read(text).error is None


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("'use strict'", "'use strict'"),
        ('/* é */ // c\n"use strict";x', '"use strict"'),
        ("'é'; 'use strict'", "'use strict'"),
        ("#!x\n'use strict'\ny", "'use strict'"),
        ("\ufeff'use strict'", "'use strict'"),
        ("x; 'use strict'", None),
        (";'use strict'", None),
        ("('use strict')", None),
        ("'use strict'.length", None),
        ("'use strict' + x", None),
        ("'use\\x20strict'", None),
        ("function f() { 'use strict' }", None),
    ],
)
def test_use_strict_counts_in_the_directive_prologue_only(text: str, spelling: str | None) -> None:
    script = read(text)
    assert script.strict is (spelling is not None)
    assert (text[slice(*script.strict_at)] if script.strict_at else None) == spelling


@pytest.mark.parametrize(
    ("text", "line"),
    [("#!/x\r\ny", "#!/x"), ("\ufeff#!/é\ny", "\ufeff#!/é"), ("#!x", "#!x"), ("x\n#!y", ""), ("#!x\u2028y", "#!x")],
)
def test_the_hashbang_line_ends_before_its_line_end(text: str, line: str) -> None:
    assert text[: read(text).hashbang_end] == line


@pytest.mark.parametrize(
    ("text", "blank"), [("", True), (" // c\n/* d */", True), ("#!x\n", True), (";", False), ("x", False)]
)
def test_a_text_without_code_is_blank(text: str, blank: bool) -> None:
    assert read(text).blank is blank


def test_lone_surrogates_survive_and_count_as_one_character() -> None:
    text = "s = '\udcff\udc80'; import './m\udcff.js'"
    assert found(text) == [(STATIC, "./m\udcff.js", "./m\udcff.js", "'./m\udcff.js'")]


@given(st.text(alphabet="aé\U0001f600\udcff \n'\"`/*\\(){};,=#!.", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(read(text), Script)


@given(st.text(alphabet="é\U0001f600\udcffa\u2028", max_size=3000), st.sampled_from(["./a.js", "./é\U0001f600.js"]))
def test_offsets_count_characters_whatever_stands_before(before: str, path: str) -> None:
    assert found(f"/*{before}*/import'{path}'") == [(STATIC, path, path, f"'{path}'")]


@pytest.mark.parametrize("shift", range(5))
def test_offsets_are_right_in_long_texts(shift: int) -> None:
    before = "a" * shift + "\U0001f600é\u2028" * 3000
    assert found(f"/*{before}*/import'./m.js'") == [(STATIC, "./m.js", "./m.js", "'./m.js'")]


def test_the_parser_is_loaded_only_when_a_script_is_read() -> None:
    program = (
        "import sys; from assetbuild.build import scan_js, join_js, prove_js, processors, registry\n"
        "assert not [name for name in sys.modules if name.startswith(('tree_sitter', 'rjsmin', 'rcssmin'))]\n"
        "scan_js.read('x')\n"
        "assert 'tree_sitter' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("unit", ["/*#sourceMappingURL=", "//#sourceMappingURL=", "'//#sourceMappingURL=';"])
def test_a_script_full_of_beginnings_of_map_comments_takes_seconds_not_hours(unit: str) -> None:
    script = f"from assetbuild.build import scan_js\nscan_js.read({unit!r} * 50_000)\n"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# --- what a build makes of them ----------------------------------------------------------------------------

LIT = '[importmap]\nlit = "vendor/lit.js"\nfar = "https://cdn.example.com/far.js"\n'


@pytest.mark.parametrize("mode", ["rewrite", "importmap"])
def test_what_the_import_map_resolves_is_among_the_imports_in_load_order(tmp_path: Path, mode: str) -> None:
    files = {
        "a.js": "import 'far'; import 'lit'; import './b.js'; import('late');",
        "b.js": "export * from 'lit'",
        "vendor/lit.js": "import './part.js'; import './deep.js'",
        "vendor/part.js": "self.part = 1",
        "vendor/deep.js": "export {}",
        "vendor/late.js": "self.late = 1",
    }
    built = project(tmp_path, files, f'modules = "{mode}"\n{PLAIN}{LIT}late = "vendor/late.js"\n')
    assert built.problems() == ()
    assets = built.manifest["assets"]
    assert assets["a.js"]["imports"] == ["vendor/lit.js", "b.js", "vendor/part.js", "vendor/deep.js"]
    assert assets["b.js"]["imports"] == ["vendor/lit.js", "vendor/part.js", "vendor/deep.js"]
    assert "module" in assets["vendor/late.js"]  # which has no import and no export, but is only ever imported
    assert built.read("a.js").startswith("import 'far'; import 'lit'; import './b")
    assert {name for name in built.manifest["importmap"] if not name.startswith("./")} == {"lit", "far", "late"}


@pytest.mark.parametrize("mode", ["rewrite", "importmap"])
def test_in_a_worker_a_bare_specifier_is_rewritten_because_there_is_no_import_map(tmp_path: Path, mode: str) -> None:
    files = {
        "a.js": "import 'lit'; new Worker(new URL('w/w.js', import.meta.url), {type: 'module'})",
        "w/w.js": "import 'lit'; import './more.js'",
        "w/more.js": "export * from 'lit'; import 'far'",
        "vendor/lit.js": "export {}",
    }
    built = project(tmp_path, files, f'modules = "{mode}"\n{PLAIN}{LIT}')
    (problem,) = built.problems()
    assert (problem.code, problem.place and problem.place.path) == (
        "bare-in-worker",
        str(tmp_path / "static/w/more.js"),
    )
    assert 'import "https://cdn.example.com/far.js" itself' in problem.hint
    lit, more = built.path("vendor/lit.js"), built.path("w/more.js").removeprefix("w/")
    assert built.read("a.js").startswith("import 'lit'; ")
    assert built.read("w/w.js") == f"import '../{lit}'; import './{more}'"
    assert built.read("w/more.js") == f"export * from '../{lit}'; import 'far'"
    assert built.manifest["importmap"] == {"lit": "vendor/lit.js", "far": "https://cdn.example.com/far.js"}


def test_a_bare_specifier_stays_in_a_bundle(tmp_path: Path) -> None:
    files = {"a.js": "import('lit')", "b.js": "b", "vendor/lit.js": "export {}"}
    built = project(tmp_path, files, f'{PLAIN}{LIT}[bundles]\n"c.js" = ["a.js", "b.js"]\n')
    assert built.problems() == ()
    assert built.read("c.js").startswith("import('lit')")


@pytest.mark.parametrize("mode", ["rewrite", "importmap"])
def test_a_resolved_specifier_is_a_specifier_and_no_import(tmp_path: Path, mode: str) -> None:
    files = {
        "a.js": "import.meta.resolve('./w.js'); import.meta.resolve('../img/i.svg')",
        "w.js": "w",
        "i.svg": "<svg/>",
    }
    files = {f"js/{name}" if name != "i.svg" else "img/i.svg": text for name, text in files.items()}
    built = project(tmp_path, files, f'modules = "{mode}"\n{PLAIN}')
    assert built.problems() == ()
    worker, image = built.path("js/w.js").removeprefix("js/"), built.path("img/i.svg")
    rewritten = f"import.meta.resolve('./{worker}'); import.meta.resolve('../{image}')"
    assert built.read("js/a.js") == (rewritten if mode == "rewrite" else files["js/a.js"])
    assert "imports" not in built.manifest["assets"]["js/a.js"]
    assert "module" not in built.manifest["assets"]["js/w.js"]
    mapped = {"./js/w.js": "js/w.js", "./img/i.svg": "img/i.svg"} if mode == "importmap" else {}
    assert built.manifest.get("importmap", {}) == mapped


def test_scripts_of_a_classic_worker_are_rewritten_relative_to_the_script_and_stay_classic(tmp_path: Path) -> None:
    files = {"w/w.js": "importScripts('p/a.js', './b.js?v=1', '/c.js')", "w/p/a.js": "a", "w/b.js": "b", "c.js": "c"}
    built = project(tmp_path, files, f'modules = "importmap"\n{PLAIN}')
    assert built.problems() == ()
    a, b = (built.path(name).removeprefix("w/") for name in ("w/p/a.js", "w/b.js"))
    assert built.read("w/w.js") == f"importScripts('{a}', '{b}?v=1', '../{built.path('c.js')}')"
    assert [name for name, asset in built.manifest["assets"].items() if "module" in asset] == []


def test_a_style_sheet_that_a_script_imports_is_not_preloaded_but_its_fonts_are(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.js": "import s from './s.css' with {type: 'css'}",
        "s.css": "@font-face{src:url(f.woff2)}",
        "f.woff2": b"f",
        "t.css": "@import 's.css';",
    }
    built = project(tmp_path, files)
    assert built.problems() == ()
    assert built.manifest["assets"]["a.js"]["preload"] == ["f.woff2"]
    assert built.manifest["assets"]["t.css"]["preload"] == ["s.css", "f.woff2"]
