"""What a script names: the rows of the hard cases on ES modules, and the exact spans."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.model import RefKind
from assetbuild.build.scan_js import Script, read

STATIC, DYNAMIC, URL, MAP = RefKind.JS_IMPORT, RefKind.JS_DYNAMIC, RefKind.JS_URL, RefKind.SOURCE_MAP


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
        ("export {a} from './m.js'", STATIC, "./m.js", "'./m.js'"),
        ("import './m.js?v=1#x'", STATIC, "./m.js", "'./m.js?v=1#x'"),
        ("import './m.js?'", STATIC, "./m.js", "'./m.js?'"),
        ("const é = '\U0001f600'; import('./m.js')", DYNAMIC, "./m.js", "'./m.js'"),
        ("import( /* c */ './m.js' )", DYNAMIC, "./m.js", "'./m.js'"),
        ("import(`./m.js`)", DYNAMIC, "./m.js", "`./m.js`"),
        ("import('./m.json', {with: {type: 'json'}})", DYNAMIC, "./m.json", "'./m.json'"),
        ("x = `${import('./m.js')}`", DYNAMIC, "./m.js", "'./m.js'"),
        ("new URL('./i.png', import.meta.url)", URL, "./i.png", "'./i.png'"),
        ("new URL('i.png', import.meta.url)", URL, "i.png", "'i.png'"),
        ("new URL(/* c */ './i.png', /* d */ import.meta.url,)", URL, "./i.png", "'./i.png'"),
        ("new Worker(new URL('./w.js', import.meta.url), {type: 'module'})", URL, "./w.js", "'./w.js'"),
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
        "import './m.js'; a(",
    ],
)
def test_what_is_no_reference_is_left_alone(text: str) -> None:
    script = read(text)
    assert (script.references, script.bare, script.computed) == ((), (), ())


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


@pytest.mark.parametrize("text", ["import x from 'lit'", "export * from 'lit'", "import('lit')", "é; import(`lit`)"])
def test_bare_specifiers_are_told_apart(text: str) -> None:
    (bare,) = read(text).bare
    assert (bare.specifier, text[bare.start : bare.end]) == ("lit", "lit")
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
