"""Guarded minifiers: proven, replaced, or nothing; and a spec is a processor or an error with a way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from assetbuild.build import processors, registry
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.processors import Guarded, Prefer
from assetbuild.build.protocols import Processed, Refused, Way

CSS, JS = TextKind.CSS, TextKind.JS


def create(name: str, kind: TextKind, **options: object) -> Guarded[Any]:
    processor = registry.create(ProcessorSpec(name, tuple(sorted(options.items()))), kind)
    assert isinstance(processor, Guarded)
    return processor


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a = 1 ;\n\n b = 2 ; // c", "a=1;b=2;"),
        ("/* c */ x ( )", "x()"),
        ("/*! l */ x ( )", "/*! l */x()"),
        ("// @license MIT\nx ( )  ;  /* gone */  y ( )", "/*! @license MIT */x();y()"),
        ("/**\n * @preserve é\n */\nx ( )  ;  /* gone */ y ( )", "/*!\n * @preserve é\n */x();y()"),
        ("//! l */ m\nx ( )  ;  /* gone */  y ( )", "/*! l * / m */x();y()"),
        ("x = '/*! @license */' ;   y ( )", "x='/*! @license */';y()"),
        ("x = `// @license` ;   y ( )", "x=`// @license`;y()"),
        ("x = `${ a ? ` b  c` : '' }`  ;", "x=`${a?` b  c`:''}`;"),
        ("x = `${ a ? ` b  c` : '\udcff' }`  ;", "x=`${a?` b  c`:'\udcff'}`;"),
        ("f = a => /[ '  /]/ . test ( a ) ;", "f=a=>/[ '  /]/.test(a);"),
        ("s = '\udcff' ;  t", "s='\udcff';t"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_rjsmin_minifies_and_keeps_licences(text: str, result: str) -> None:
    assert create("rjsmin", JS)(text) == Processed(result)


def test_licences_go_when_asked() -> None:
    assert create("rjsmin", JS, keep_licences=False)("/*! l */ x ( ) // @license") == Processed("x()")
    assert create("rjsmin", JS, keep_licences=False)("/*! l */ x = `${ ` a  b` }`").text == "x=`${` a  b`}`"
    assert create("rcssmin", CSS, keep_licences=False)("/*! l */ a { b : c }") == Processed("a{b:c}")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("class A { #a = 1\n#b = 2 }", "class A{#a=1\n#b=2}"),
        ("// @license MIT\nf = () => { return\n`t` /* gone */ }", "/*! @license MIT */f=()=>{return\n`t`}"),
        ("class A { #a = '\udcff'\n#b = 2 }", "class A{#a='\udcff'\n#b=2}"),
    ],
)
def test_a_script_that_rjsmin_would_damage_goes_through_the_safe_minifier(text: str, result: str) -> None:
    assert create("rjsmin", JS)(text) == Processed(result, Way.FALLBACK, "rjsmin would change its meaning")


def test_a_script_that_does_not_parse_is_left_alone_with_the_place() -> None:
    text = "x ( ) ;\ny = = 1"
    assert create("rjsmin", JS)(text) == Processed(text, Way.UNCHANGED, "it does not parse at line 2, column 5")


def test_what_cannot_be_proven_goes_on_unchanged_with_both_reasons() -> None:
    broken = replace(create("rjsmin", JS), engine=lambda text: "y()", safe=lambda text, original: "z()")
    reason = "rjsmin would change its meaning, and the safe minifier would change its meaning"
    assert broken("x ( )") == Processed("x ( )", Way.UNCHANGED, reason)
    alone = replace(broken, safe=None)
    assert alone("x ( )") == Processed("x ( )", Way.UNCHANGED, "rjsmin would change its meaning")


def test_a_style_sheet_that_rcssmin_would_damage_goes_through_the_safe_minifier() -> None:
    result = create("rcssmin", CSS)("@layer a { .f :hover { color : red } } /*! l */")
    assert result == Processed(
        "@layer a{.f :hover{color:red}}/*! l */", Way.FALLBACK, "rcssmin would change its meaning"
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a { b : c ; }", "a{b:c}"),
        ("/*! l */ a { b : c }", "/*! l */a{b:c}"),
        ("/* @license MIT */ a { b : c } /* gone, all of it */", "/*! @license MIT */a{b:c}"),
        ("a { b : '\udcff' }  c { d : e }", "a{b:'\udcff'}c{d:e}"),
    ],
)
def test_rcssmin_minifies_and_keeps_licences(text: str, result: str) -> None:
    processed = create("rcssmin", CSS)(text)
    assert processed.way is not Way.UNCHANGED
    assert processed.text == result


def test_a_style_sheet_that_does_not_parse_is_left_alone() -> None:
    result = create("rcssmin", CSS)("a { b : c ; } /* open")
    assert (result.text, result.way) == ("a { b : c ; } /* open", Way.UNCHANGED)
    assert result.reason == "it does not parse"


def raising(error: Exception) -> Callable[..., str]:
    def engine(*given: object) -> str:
        raise error

    return engine


@pytest.mark.parametrize(
    "error", [ValueError("boom"), RecursionError("boom"), UnicodeEncodeError("a", "b", 0, 1, "boom")]
)
def test_an_engine_that_raises_costs_no_build(error: Exception) -> None:
    result = replace(create("rjsmin", JS), engine=raising(error))("x = 1 ;")
    assert result == Processed("x=1;", Way.FALLBACK, f"rjsmin failed ({type(error).__name__}: {error})")


def test_a_safe_minifier_that_raises_costs_no_build_either() -> None:
    broken = replace(create("rcssmin", CSS), engine=lambda text: "b{}", safe=raising(ValueError("boom")))
    reason = "rcssmin would change its meaning, and the safe minifier failed (ValueError: boom)"
    assert broken("a { }") == Processed("a { }", Way.UNCHANGED, reason)


def test_a_refusal_of_our_own_minifier_is_told_in_words() -> None:
    engine = replace(create("rcssmin", CSS), engine=lambda text: "b{}", safe=raising(Refused("it has a comment")))
    assert (
        engine("a { }").reason == "rcssmin would change its meaning, and the safe minifier refuses it: it has a comment"
    )


def test_a_result_without_the_licence_is_refused() -> None:
    lossy = replace(create("rjsmin", JS), engine=lambda text: "x()")
    assert lossy("/*! l */ x ( )") == Processed("/*! l */x()", Way.FALLBACK, "rjsmin would drop a licence comment")
    assert lossy("/* l */ x ( )") == Processed("x()")


def test_a_style_sheet_without_its_licences_is_refused_too() -> None:
    reason = "rcssmin would drop a licence comment"
    for text in ("/*! l */ a { b : c }", "/* @LICENSE l */ a { b : c }"):
        lossy = replace(create("rcssmin", CSS), engine=lambda text: "a{b:c}")
        assert (lossy(text).way, lossy(text).reason) == (Way.FALLBACK, reason)
    swapped = replace(create("rcssmin", CSS), engine=lambda text: "/*! m *//*! l */a{b:c}")
    result = Processed("/*! l *//*! m */a{b:c}", Way.FALLBACK, reason)
    assert swapped("/*! l */ /*! m */ a { b : c }") == result


@pytest.mark.parametrize("tag", ["@license", "@licence", "@preserve", "@License", "@PRESERVE"])
def test_scripts_and_style_sheets_have_the_same_licences(tag: str) -> None:
    for name, kind, code in (("rjsmin", JS, "x()"), ("rcssmin", CSS, "a{b:c}")):
        spaced = " ".join(code)
        assert create(name, kind)(f"/* {tag} */ {spaced} /* {tag[1:]} */").text == f"/*! {tag} */{code}"
        dropped = create(name, kind, keep_licences=False)(f"/* {tag} */ {spaced} /*! l */")
        assert dropped.text == code


def test_the_original_is_read_once_and_before_any_engine() -> None:
    texts: list[str] = []

    def read(text: str) -> processors.Original:
        texts.append(text)
        return processors.css_original(text)

    broken = replace(create("rcssmin", CSS), engine=lambda text: "b{}", read=read)
    assert broken("a { b : c }").text == "a{b:c}"
    assert replace(broken, engine=raising(ValueError()))("a {").reason == "it does not parse"
    assert texts == ["a { b : c }", "a {"]


def test_a_script_that_is_minified_already_is_not_even_read() -> None:
    def read(text: str) -> processors.Original:
        raise AssertionError("nothing is to be proven")

    assert replace(create("rjsmin", JS), read=read)("a=1") == Processed("a=1")


class Counted:
    """An original that counts what is held against it."""

    def __init__(self, accepted: list[str]) -> None:
        self.accepted, self.held = accepted, list[str]()

    def refusal(self) -> str:
        return ""

    def same(self, after: str) -> bool:
        self.held.append(after)
        return after in self.accepted


@pytest.mark.parametrize(
    ("engine", "own", "accepted", "expected", "held"),
    [
        ("ab", "a", ["a", "ab"], Processed("a", Way.SHORTER, "it leaves it longer"), ["a"]),
        ("ab", "abc", ["ab", "abc"], Processed("ab"), ["ab"]),
        ("ab", "ac", ["ab", "ac"], Processed("ab"), ["ab"]),
        ("ab", "a", ["ab"], Processed("ab"), ["a", "ab"]),
        ("ab", "abc", ["abc"], Processed("abc", Way.FALLBACK, "it would change its meaning"), ["ab", "abc"]),
        ("abcde", "ab", ["ab"], Processed("ab", Way.SHORTER, "it leaves it longer"), ["ab"]),
        ("abcde", "abcdef", [], Processed("abcde"), []),
    ],
)
def test_the_shorter_result_is_proven_first_and_the_other_only_where_it_is_refused(
    engine: str, own: str, accepted: list[str], expected: Processed, held: list[str]
) -> None:
    original = Counted(accepted)
    guarded = Guarded(
        name="it",
        version="1",
        engine=lambda text: engine,
        read=lambda text: original,
        safe=lambda text, read: own,
        prefer=Prefer.SHORTER,
    )
    assert guarded("abcde") == expected
    assert original.held == held


def test_a_result_that_is_not_shorter_is_no_gain() -> None:
    wordy = replace(create("rjsmin", JS), engine=lambda text: text + " ")
    assert wordy("x ( )") == Processed("x ( )")
    assert wordy("x (").reason.startswith("it does not parse")


def test_bytes_that_are_not_utf8_are_never_mixed_up_with_what_stands_in_for_them() -> None:
    text = "a = '\udcff' ;  b = '\U0010dcff' ;"
    result = create("rjsmin", JS)(text)
    assert (result.text, result.way) == (text, Way.UNCHANGED)
    assert "rjsmin failed (ValueError" in result.reason


# --- the registry ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "names"), [(CSS, ("rcssmin",)), (JS, ("rjsmin",))])
def test_the_names_per_kind(kind: TextKind, names: tuple[str, ...]) -> None:
    assert registry.names(kind) == names
    assert all(registry.create(ProcessorSpec(name), kind).name == name for name in names)


@pytest.mark.parametrize(("name", "kind"), [("rjsmin", JS), ("rcssmin", CSS)])
def test_a_version_names_the_engine_and_the_guard(name: str, kind: TextKind, monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry.create(ProcessorSpec(name), kind).version
    assert before.startswith(f"{__import__(name).__version__}+guard{processors.GUARD}")
    monkeypatch.setattr(processors, "GUARD", "next")
    assert registry.create(ProcessorSpec(name), kind).version != before


@pytest.mark.parametrize(
    ("spec", "kind", "text", "hint"),
    [
        (
            ProcessorSpec("rjsmim"),
            JS,
            'there is no processor "rjsmim"',
            'did you mean "rjsmin"? the js processors are: rjsmin',
        ),
        (ProcessorSpec("sass"), CSS, 'there is no processor "sass"', "the css processors are: rcssmin"),
        (
            ProcessorSpec("rcssmin"),
            JS,
            '"rcssmin" processes css, not js',
            "use one for js: rjsmin; or [] for none",
        ),
        (
            ProcessorSpec("rjsmin", (("keep_licenses", True),)),
            JS,
            'the processor "rjsmin" has no option "keep_licenses"',
            'did you mean "keep_licences"? the options are: keep_licences',
        ),
        (
            ProcessorSpec("rjsmin", (("keep_licences", "yes"),)),
            JS,
            'the option "keep_licences" of "rjsmin" must be true or false, not \'yes\'',
            "write keep_licences = true, which is the default, or leave it out",
        ),
        (
            ProcessorSpec("rjsmin", (("keep_licences", [1]),)),
            JS,
            'the option "keep_licences" of "rjsmin" must be true or false, not [1]',
            "write keep_licences = true, which is the default, or leave it out",
        ),
    ],
)
def test_a_spec_that_names_nothing_usable_is_an_error_with_a_way_out(
    spec: ProcessorSpec, kind: TextKind, text: str, hint: str
) -> None:
    with pytest.raises(registry.UnusableProcessor) as caught:
        registry.create(spec, kind)
    assert (str(caught.value), caught.value.text, caught.value.hint) == (text, text, hint)


def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *rest: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(registry, "import_module", without)
    with pytest.raises(registry.UnusableProcessor, match="needs the package rjsmin") as caught:
        registry.create(ProcessorSpec("rjsmin"), JS)
    assert caught.value.hint == "pip install 'assetbuild[build]'"
