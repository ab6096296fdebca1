"""Configuration: what is read, and for every mistake the place, the text and the way out."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import compress, registry
from assetbuild.build.config import KEYS, load
from assetbuild.build.model import (
    Algorithm,
    BuildFailed,
    BundleSpec,
    Config,
    Licences,
    Missing,
    Modules,
    Problem,
    ProcessorSpec,
    RootSpec,
    Severity,
    TextKind,
)
from assetbuild.build.publish_settings import PublishSettings
from assetbuild.build.toml_places import TomlError, parse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with the source roots `static` and `vendor`."""
    base = tmp_path / "project"
    for name in ("static/css", "vendor"):
        (base / name).mkdir(parents=True)
    return base


def loaded(folder: Path, text: str) -> Config:
    (folder / "assetbuild.toml").write_text(text, encoding="utf-8")
    return load(None, folder=folder)


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    (folder / "assetbuild.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return failure(folder)


def failure(folder: Path, path: Path | None = None) -> tuple[Problem, ...]:
    with pytest.raises(BuildFailed) as caught:
        load(path, folder=folder)
    assert caught.value.exit_code == 2
    assert all(problem.severity is Severity.ERROR and problem.hint for problem in caught.value.problems)
    return caught.value.problems


def only(found: tuple[Problem, ...]) -> Problem:
    assert len(found) == 1, found
    return found[0]


# --- what is read ----------------------------------------------------------------------------------------


def test_an_empty_file_means_the_defaults(folder: Path) -> None:
    config = loaded(folder, "")
    assert replace(config, digest="") == Config(
        file=folder / "assetbuild.toml",
        sources=(RootSpec("static"),),
        root_paths=(folder / "static",),
        output=folder / "public/assets",
        manifest=folder / "public/assets/manifest.json",
        digest="",
    )
    assert (config.base, config.cache) == (folder, folder / ".assetbuild")


FULL = """
sources = ["static", {path = "vendor", mount = "third/party/"}, {package = "zqc", path = "assets"}]
include = ["**/*.css", "**/*.js"]
exclude = ["**/_*"]
output = "../out"
manifest = "m.json"
compress = {br = 5, gzip = 1}
missing = "warn"
modules = "importmap"
licences = "file"
cache_size = "1.5 MB"
stable = ["favicon.ico"]
templates = ["templates/**/*.html"]
[processors]
js = []
css = ["rcssmin", {name = "rcssmin", keep_licences = false}]
[bundles]
"js/b.js" = { inputs = ["js/lib/*.js", "js/b.js"], processors = ["rjsmin"] }
"css/a.css" = ["css/reset.css", "css/*.css"]
[importmap]
"vue" = "https://cdn.example/vue.js"
"htmx" = "vendor/htmx.js"
[publish]
target = "s3://bucket/x"
"""


def test_every_key_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "site/zqc/assets").mkdir(parents=True)
    (tmp_path / "site/zqc/__init__.py").write_text("raise RuntimeError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    config = loaded(folder, FULL)
    assert replace(config, digest="") == Config(
        file=folder / "assetbuild.toml",
        sources=(RootSpec("static"), RootSpec("vendor", "third/party"), RootSpec("assets", package="zqc")),
        root_paths=(folder / "static", folder / "vendor", tmp_path / "site/zqc/assets"),
        output=tmp_path / "out",
        manifest=folder / "m.json",
        digest="",
        include=("**/*.css", "**/*.js"),
        exclude=("**/_*",),
        compress=((Algorithm.BROTLI, 5), (Algorithm.GZIP, 1)),
        missing=Missing.WARN,
        modules=Modules.IMPORTMAP,
        licences=Licences.FILE,
        stable=("favicon.ico",),
        templates=("templates/**/*.html",),
        processors={
            TextKind.CSS: (ProcessorSpec("rcssmin"), ProcessorSpec("rcssmin", (("keep_licences", False),))),
            TextKind.JS: (),
        },
        bundles=(
            BundleSpec("css/a.css", ("css/reset.css", "css/*.css")),
            BundleSpec("js/b.js", ("js/lib/*.js", "js/b.js"), (ProcessorSpec("rjsmin"),)),
        ),
        importmap=(("htmx", "vendor/htmx.js"), ("vue", "https://cdn.example/vue.js")),
        cache_size=1_500_000,
        publish=PublishSettings(target="s3://bucket/x"),
    )


def test_a_named_key_changes_only_itself(folder: Path) -> None:
    assert loaded(folder, "compress = []").compress == ()
    assert loaded(folder, 'compress = ["zstd"]').compress == ((Algorithm.ZSTD, 19),)
    config = loaded(folder, "[processors]\njs = []")
    assert config.processors == {TextKind.CSS: (ProcessorSpec("rcssmin"),), TextKind.JS: ()}
    assert loaded(folder, 'output = "o"').manifest == folder / "o/manifest.json"
    assert loaded(folder, f'output = "{folder.parent}/o"').output == folder.parent / "o"
    assert loaded(folder, 'include = ["a", "a", "b"]').include == ("a", "b")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("0", 0),
        ("12_345", 12_345),
        ('"0 B"', 0),
        ('"1 kB"', 1000),
        ('"1KB"', 1000),
        ('"500 MB"', 500_000_000),
        ('"2 GB"', 2_000_000_000),
        ('"1 TB"', 10**12),
        ('"1 KiB"', 1024),
        ('"0.5 MiB"', 1 << 19),
        ('"1 gib"', 1 << 30),
        ('"1 TiB"', 1 << 40),
        ('"0.001 kB"', 1),
        ('"0.001 KiB"', 1),
    ],
)
def test_a_size_is_a_number_of_bytes_in_any_unit(value: str, size: int, folder: Path) -> None:
    assert loaded(folder, f"cache_size = {value}").cache_size == size


def test_the_cache_may_have_one_gibibyte(folder: Path) -> None:
    assert loaded(folder, "").cache_size == 1 << 30


# --- where it is found -----------------------------------------------------------------------------------


def test_pyproject_is_read_where_there_is_no_file_of_our_own(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.assetbuild]\nmissing = "warn"\n')
    config = load(None, folder=folder)
    assert (config.file, config.missing, config.problems) == (folder / "pyproject.toml", Missing.WARN, ())


def test_our_own_file_wins_over_pyproject_with_a_note(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.assetbuild]\nmissing = "warn"\n')
    config = loaded(folder, "")
    note = only(config.problems)
    assert config.missing is Missing.ERROR
    assert (note.code, note.severity) == ("config-in-two-files", Severity.NOTE)
    assert note.text == "assetbuild.toml is used, and [tool.assetbuild] in pyproject.toml is not"
    assert note.place is not None
    assert (note.place.path, note.place.line) == (str(folder / "pyproject.toml"), 1)


@pytest.mark.parametrize(
    "text", ["", '[project]\nname = "assetbuild-user"\n', "[tool.assetbuild\n", "tool = 1 # assetbuild"]
)
def test_another_pyproject_is_none_of_our_business(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert loaded(folder, "").problems == ()


@pytest.mark.parametrize("name", ["pyproject.toml", "conf/pyproject.toml", "conf/other.toml"])
def test_a_given_file_is_read_and_paths_are_relative_to_it(folder: Path, name: str) -> None:
    file = folder / name
    (file.parent / "static").mkdir(parents=True, exist_ok=True)
    file.write_text('[tool.assetbuild]\nmissing = "warn"\n' if "pyproject" in name else 'missing = "warn"\n')
    (folder / "assetbuild.toml").write_text("broken")
    for path in (Path(name), file):
        config = load(path, folder=folder)
        assert (config.file, config.missing) == (file, Missing.WARN)
        assert config.root_paths == (file.parent / "static",)


def test_parent_folders_are_not_searched(folder: Path) -> None:
    loaded(folder, "")
    problem = only(failure(folder / "static"))
    assert problem.code == "config-not-found"
    assert problem.text == "there is no assetbuild.toml here, and no pyproject.toml"
    assert problem.hint == "there is one in ..: run assetbuild there, or pass it with --config"
    (folder / "assetbuild.toml").unlink()
    assert only(failure(folder / "static")).hint == "run `assetbuild init` to write one"


def test_a_pyproject_without_our_table_is_no_configuration(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.other]\n")
    for path in (None, Path("pyproject.toml")):
        problem = only(failure(folder, path))
        assert problem.text == "pyproject.toml has no [tool.assetbuild], and there is no assetbuild.toml beside it"
        assert problem.hint == "run `assetbuild init` to write one"


@pytest.mark.parametrize("text", ["[tool]\nassetbuild = 1\n", "tool.assetbuild = []\n"])
def test_our_table_must_be_a_table(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert only(failure(folder)).text.startswith("`tool.assetbuild` must be a table, not ")


# --- what cannot be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "text", "line", "column"),
    [
        (b"a = \n", "config-syntax", "not valid TOML: Invalid value", 1, 5),
        (b"\n[bundles\n", "config-syntax", "not valid TOML: Expected ']' at the end of a table declaration", 2, 9),
        (b"a = 1\na = 2\n", "config-syntax", "not valid TOML: Cannot overwrite a value", 2, 6),
        (b'a = "\r\n', "config-syntax", "not valid TOML: Illegal character '\\n'", 1, 6),
        (b"\xef\xbb\xbfa = 1", "config-encoding", "the configuration starts with a byte order mark", 0, 0),
        ("a = 1".encode("utf-16"), "config-encoding", "the configuration starts with a byte order mark", 0, 0),
        (b"a = 1\n# \xe9", "config-encoding", "the configuration is not UTF-8: line 2 holds the byte 0xe9", 2, 0),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "config-syntax", "not valid TOML: its lists or tables are nested", 0, 0),
        (b"a = " + b"9" * 5000, "config-syntax", "not valid TOML: Exceeds the limit", 0, 0),
        (b"a = \x00", "config-syntax", "not valid TOML: Invalid value", 1, 5),
        (b"a = 1\nb", "config-syntax", "not valid TOML: Expected '=' after a key in a key/value pair", 2, 2),
    ],
)
def test_what_is_no_toml_is_said_with_its_place(
    folder: Path, data: bytes, code: str, text: str, line: int, column: int
) -> None:
    problem = only(problems(folder, data))
    assert problem.code == code
    assert problem.text.startswith(text)
    assert problem.place is not None
    assert (problem.place.path, problem.place.line) == (str(folder / "assetbuild.toml"), line)
    assert problem.place.column == column


def test_a_source_line_ends_before_its_line_end(folder: Path) -> None:
    for data in (b"a = \r\nb = 1\r\n", b"sorces = 1\r\n"):
        place = only(problems(folder, data)).place
        assert place is not None
        assert place.source_line == data.split(b"\r\n")[0].decode()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: path.mkdir(), "the configuration is a folder, not a file"),
        (lambda path: path.symlink_to("nowhere"), "the configuration file does not exist"),
        (
            lambda path: path.symlink_to(path.name),
            "the configuration cannot be read: Too many levels of symbolic links",
        ),
    ],
)
def test_what_is_no_file_is_said(folder: Path, make: Callable[[Path], None], text: str) -> None:
    make(folder / "assetbuild.toml")
    assert only(failure(folder)).text.startswith(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
@pytest.mark.parametrize("name", ["assetbuild.toml", "pyproject.toml"])
def test_what_may_have_no_end_is_not_read(folder: Path, name: str) -> None:
    os.mkfifo(folder / name)
    wanted = "the configuration cannot be read: it is a device, a pipe or a socket, not a file"
    assert only(failure(folder)).text == wanted
    assert only(failure(folder, Path("/dev/zero"))).text == wanted


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_beside_the_configuration_is_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pyproject.toml")
    assert loaded(folder, "").problems == ()


def test_a_link_to_a_configuration_is_read(folder: Path) -> None:
    (folder / "real.toml").write_text("modules = 'importmap'\n")
    (folder / "assetbuild.toml").symlink_to("real.toml")
    assert load(None, folder=folder).modules is Modules.IMPORTMAP


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said(folder: Path) -> None:
    loaded(folder, "")
    (folder / "assetbuild.toml").chmod(0)
    assert only(failure(folder)).text == "the configuration cannot be read: Permission denied"


def test_a_given_file_that_does_not_exist_is_said(folder: Path) -> None:
    assert only(failure(folder, Path("x.toml"))).text == "the configuration file does not exist"


# --- mistakes --------------------------------------------------------------------------------------------

MISTAKES = [
    # unknown keys, at every level
    ("sorces = []", 1, 1, "the configuration has no key `sorces`", "did you mean `sources`?"),
    ("zzz = []", 1, 1, "the configuration has no key `zzz`", "use one of `bundles`, `cache_size`"),
    ("[tool.assetbuild]", 1, 2, "the configuration has no key `tool`", "remove the prefix `tool.assetbuild.`"),
    ("[processors]\nscss = []", 2, 1, "`[processors]` has no key `scss`", "did you mean `css`?"),
    (
        '[bundles]\n"a.js" = {inputs = ["x"], minify = true}',
        2,
        27,
        'the bundle "a.js" has no key `minify`',
        "use one of",
    ),
    (
        '[bundles."a.js"]\nimputs = ["x"]\ninputs = ["x"]',
        2,
        1,
        'the bundle "a.js" has no key `imputs`',
        "did you mean `inputs`?",
    ),
    ('sources = [{path = "static", mont = "x"}]', 1, 30, "`sources[0]` has no key `mont`", "did you mean `mount`?"),
    ('[[sources]]\npath = "static"\nmont = "x"', 3, 1, "`sources[0]` has no key `mont`", "did you mean `mount`?"),
    ("compress = {gzip = 9, brotli = 3}", 1, 23, '`compress` knows no "brotli"', "did you mean `br`?"),
    ('compress = ["gz"]', 1, 13, '`compress` knows no "gz"', "did you mean `gzip`?"),
    ("[publish]\ntaget = 's3://x'", 2, 1, "`[publish]` has no key `taget`", "did you mean `target`?"),
    ("cache_size = '1 GiBB'", 1, 14, '`cache_size` is no size: "1 GiBB" is not', 'write cache_size = "1 GiB", or a'),
    ("cache_size = '500'", 1, 14, '`cache_size` is no size: "500" is not', 'write cache_size = "1 GiB", or a'),
    ("cache_size = '-1 MB'", 1, 14, '`cache_size` is no size: "-1 MB" is not', 'write cache_size = "1 GiB", or a'),
    ("cache_size = -1", 1, 14, "`cache_size` may not be less than 0", 'write cache_size = "1 GiB", or a whole number'),
    # wrong types
    ("cache_size = true", 1, 14, "`cache_size` must be a string or an integer, not a boolean", "write cache_size ="),
    ("cache_size = 1.5", 1, 14, "`cache_size` must be a string or an integer, not a float", "write cache_size ="),
    ("sources = 1", 1, 11, "`sources` must be a list of folders, not an integer", 'write sources = ["static"]'),
    ("sources = [1.5]", 1, 12, "`sources[0]` must be a string or a table, not a float", "write a folder"),
    ("sources = [{path = []}]", 1, 20, "`sources[0].path` must be a string, not a list", "put `path` in quotes"),
    ("include = '*'", 1, 11, "`include` must be a list of globs, not a string", 'write include = ["**/*"]'),
    ("exclude = [true]", 1, 12, "`exclude[0]` must be a string, not a boolean", 'write exclude = ["**/*.scss"]'),
    ("stable = {}", 1, 10, "`stable` must be a list of globs, not a table", 'write stable = ["favicon.ico"]'),
    ("templates = 1979-05-27", 1, 13, "`templates` must be a list of globs, not a date or time", "write templates ="),
    ("output = []", 1, 10, "`output` must be a string, not a list", 'write output = "public/assets"'),
    ("manifest = 1", 1, 12, "`manifest` must be a string, not an integer", "write manifest ="),
    ("missing = true", 1, 11, '`missing` must be "error" or "warn", not a boolean', 'write missing = "error"'),
    (
        "licences = 'files'",
        1,
        12,
        '`licences` must be "keep" or "file", not "files"',
        "did you mean `file`?",
    ),
    (
        "modules = 'rewrit'",
        1,
        11,
        '`modules` must be "rewrite" or "importmap", not "rewrit"',
        "did you mean `rewrite`?",
    ),
    ("compress = 'gzip'", 1, 12, "`compress` must be a list, or a table of levels, not a string", "write compress ="),
    ("compress = [1]", 1, 13, "`compress[0]` must be a string, not an integer", "write compress ="),
    ("compress = {gzip = true}", 1, 13, "`compress.gzip` must be a level from 1 to 9, not a boolean", "write gzip = 9"),
    ("processors = []", 1, 14, "`processors` must be a table, not a list", "write [processors]"),
    (
        "[processors]\ncss = 'rcssmin'",
        2,
        7,
        "`processors.css` must be a list of processors, not a string",
        'write css = ["rcssmin"]',
    ),
    (
        "[processors]\njs = [1]",
        2,
        7,
        "`processors.js[0]` must be a string or a table, not an integer",
        'write "rjsmin"',
    ),
    ("[processors]\njs = [{target = 'x'}]", 2, 7, "`processors.js[0]` has no `name`", 'write "rjsmin"'),
    ("[processors]\njs = [{name = 1}]", 2, 7, "`processors.js[0]` has a `name` that is an integer", 'write "rjsmin"'),
    ("[processors]\njs = ['']", 2, 7, "`processors.js[0]` has an empty `name`", 'write "rjsmin"'),
    ("bundles = []", 1, 11, "`bundles` must be a table, not a list", "write [bundles]"),
    (
        '[bundles]\n"a.js" = "x.js"',
        2,
        10,
        'the bundle "a.js" must be a list of inputs or a table, not a string',
        "list the files",
    ),
    (
        '[bundles]\n"a.js" = [1]',
        2,
        11,
        'an input of the bundle "a.js" must be a string, not an integer',
        "name a source",
    ),
    (
        '[bundles."a.js"]\ninputs = "x"',
        2,
        10,
        'the bundle "a.js" must be a list of inputs, not a string',
        "list the files",
    ),
    ("importmap = []", 1, 13, "`importmap` must be a table, not a list", "write [importmap]"),
    ("[importmap]\na = 1", 2, 5, "`importmap.a` must be a string, not an integer", 'write "a" = "js/a.js"'),
    ("publish = 's3://x'", 1, 11, "`publish` must be a table, not a string", "write [publish]"),
    # values
    ("sources = []", 1, 11, "`sources` names no folder", 'write sources = ["static"]'),
    ("sources = [{}]", 1, 12, "`sources[0]` has no `path`", 'add path = "folder"'),
    ("sources = ['']", 1, 12, "`sources[0].path` may not be empty", "correct `path`"),
    ('sources = ["a\\u0000b"]', 1, 12, "`sources[0].path` holds a control character", "correct `path`"),
    ("sources = ['static', 'statc']", 1, 22, 'the source root "statc" does not exist', 'did you mean "static"?'),
    ("sources = ['zzz']", 1, 12, 'the source root "zzz" does not exist', "create the folder zzz, or set `sources`"),
    ("sources = ['~/static']", 1, 12, 'the source root "~/static" does not exist', "write the path out: `~`"),
    (
        "sources = ['assetbuild.toml']",
        1,
        12,
        'the source root "assetbuild.toml" is a file, not a folder',
        "name the folder",
    ),
    (
        "sources = [{package = 'zqx', path = 'x'}]",
        1,
        12,
        "the package `zqx` is not installed for Python",
        "pip install zqx",
    ),
    ("sources = [{package = 'pytest'}]", 1, 12, "a source in the package `pytest` needs a `path`", "name the folder"),
    ("include = ['a**b']", 1, 12, '"a**b" in `include` is not a valid glob: `**` must stand alone', "write include"),
    (
        "exclude = ['a', '/b']",
        1,
        17,
        '"/b" in `exclude` is not a valid glob: a glob may not start with `/`',
        "write exclude",
    ),
    ("output = ''", 1, 10, "`output` may not be empty", 'write output = "public/assets"'),
    ("output = '~/x'", 1, 10, "`output` starts with `~`, which is not expanded", 'write output = "public/assets"'),
    ('manifest = "a\\nb"', 1, 12, "`manifest` holds a control character", "write manifest ="),
    ("compress = ['gzip', 'gzip']", 1, 21, '`compress` names "gzip" twice', "name it once"),
    ("compress = {gzip = 10}", 1, 13, "`compress.gzip` must be a level from 1 to 9, not 10", "write gzip = 9"),
    ("compress = {br = -1}", 1, 13, "`compress.br` must be a level from 0 to 11, not -1", "write br = 11"),
    ("[processors]\njs = ['rjsmn']", 2, 7, 'there is no processor "rjsmn"', 'did you mean "rjsmin"?'),
    ("[processors]\njs = ['rcssmin']", 2, 7, '"rcssmin" processes css, not js', "use one for js"),
    ("[processors]\njs = [{name = 'rjsmin', keep = 1}]", 2, 7, 'the processor "rjsmin" has no option "keep"', ""),
    ('[bundles]\n"a.css" = {inputs = ["x"], processors = ["rjsmin"]}', 2, 42, '"rjsmin" processes js, not css', ""),
    ('[bundles]\n"a.js" = []', 2, 10, 'the bundle "a.js" has no inputs', "list the files"),
    ('[bundles]\n"a.js" = {}', 2, 1, 'the bundle "a.js" has no `inputs`', "add inputs"),
    ('[bundles]\n"a.js" = ["x", ""]', 2, 16, 'the input "" of the bundle "a.js" may not be empty', "name a source"),
    ('[bundles]\n"a.js" = ["/x"]', 2, 11, 'the input "/x" of the bundle "a.js" starts with `/`', "name a source"),
    (
        '[bundles]\n"a.js" = ["../x"]',
        2,
        11,
        'the input "../x" of the bundle "a.js" holds the segment `..`',
        "name a source",
    ),
    (
        '[bundles]\n"a.js" = ["x[y"]',
        2,
        11,
        '"x[y" in the bundle "a.js" is not a valid glob: `[` is not closed',
        "name a source",
    ),
    (
        '[bundles]\n"a.txt" = ["x"]',
        2,
        1,
        'the bundle "a.txt" is neither CSS nor JavaScript by its suffix',
        "let its name end in",
    ),
    ('[bundles]\na = ["x"]', 2, 1, 'the bundle "a" is neither CSS nor JavaScript by its suffix', "let its name end in"),
    ('[bundles]\n"*.js" = ["x"]', 2, 1, 'the bundle name "*.js" is a glob, and a bundle is one file', "name it by"),
    ('[bundles]\n"/a.js" = ["x"]', 2, 1, 'the bundle name "/a.js" starts with `/`', "name it by"),
    ('[bundles]\n"../a.js" = ["x"]', 2, 1, 'the bundle name "../a.js" holds the segment `..`', "name it by"),
    ('[bundles]\n"a//b.js" = ["x"]', 2, 1, 'the bundle name "a//b.js" has an empty segment', "name it by"),
    ('[bundles]\n"a\\\\b.js" = ["x"]', 2, 1, 'the bundle name "a\\b.js" holds a backslash', "name it by"),
    (
        '[bundles]\n".a.js" = ["x"]',
        2,
        1,
        'the bundle name ".a.js" holds `.a.js`: names that start with a dot',
        "name it by",
    ),
    ('[bundles]\n"a\\u0007.js" = ["x"]', 2, 1, 'the bundle name "a\\x07.js" holds a control character', "name it by"),
    ('[importmap]\n"./a" = "b.js"', 2, 1, '"./a" in `[importmap]` is no bare specifier', "name a package"),
    (
        '[importmap]\na = "/b.js"',
        2,
        5,
        'the target "/b.js" of "a" in `[importmap]` starts with `/`',
        "give a logical path",
    ),
    ('[importmap]\na = ""', 2, 5, 'the target "" of "a" in `[importmap]` may not be empty', "give a logical path"),
    (
        '[importmap]\na = "js/a/"',
        2,
        5,
        'the target "js/a/" of "a" in `[importmap]` is a folder, and its specifier does not end in `/`',
        "let both end in `/`, or name a file",
    ),
    (
        '[importmap]\n"a/" = "js/a"',
        2,
        8,
        'the target "js/a" of "a/" in `[importmap]` does not end in `/`, as its specifier does',
        "let both end in `/`, or neither",
    ),
    ('[importmap]\n"a/" = "/"', 2, 8, 'the target "/" of "a/" in `[importmap]` may not be empty', "give a logical"),
    ('[importmap]\n"a/" = "js//a/"', 2, 8, 'the target "js//a/" of "a/" in `[importmap]` has an empty', "give a"),
    (
        '[importmap]\n"a/" = "https://cdn.example/a"',
        2,
        8,
        'the target "https://cdn.example/a" of "a/"',
        "let both end in `/`",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "wanted", "hint"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_said_with_its_place_and_the_way_out(
    folder: Path, text: str, line: int, column: int, wanted: str, hint: str
) -> None:
    problem = only(problems(folder, text))
    assert problem.text.startswith(wanted)
    assert problem.hint.startswith(hint)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (line, column)
    assert problem.place.source_line == text.split("\n")[line - 1]


def test_all_mistakes_are_reported_together_in_the_order_of_the_file(folder: Path) -> None:
    text = 'missing = 1\noutput = 2\n[bundles]\n"b.js" = []\n"a.txt" = []\n[publish]\nx = 1\n'
    assert [problem.place and problem.place.line for problem in problems(folder, text)] == [1, 2, 4, 5, 5, 7]


@pytest.mark.parametrize(
    ("mount", "meant"),
    [
        ("/a", 'write mount = "a"'),
        ("a//b", 'write mount = "a/b"'),
        ("./a", 'write mount = "a"'),
        ("a/../b", 'write mount = "a/b"'),
        (".a/b", 'write mount = "a/b"'),
        ("a\\\\b", 'write mount = "a/b"'),
        ("/", "leave `mount` out"),
        ("..", "leave `mount` out"),
    ],
)
def test_a_mount_is_a_logical_path(folder: Path, mount: str, meant: str) -> None:
    problem = only(problems(folder, f'sources = [{{path = "static", mount = "{mount}"}}]'))
    assert problem.text.startswith("`sources[0].mount` is no logical path: ")
    assert problem.hint.startswith(meant)


def test_a_missing_library_is_said_also_for_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, "missing_package", lambda algorithm: "x[y]" if algorithm is Algorithm.BROTLI else "")
    problem = only(problems(folder, ""))
    assert problem.text == '`compress` names "br", whose library is not installed'
    assert problem.hint == "pip install 'x[y]', or take \"br\" out of `compress`"


def test_a_default_processor_that_cannot_be_made_is_said(folder: Path) -> None:
    def create(spec: ProcessorSpec, kind: TextKind) -> object:
        raise registry.UnusableProcessor(f"no {spec.name}", hint="install it")

    (folder / "assetbuild.toml").write_text("[processors]\njs = []\n")
    with pytest.raises(BuildFailed) as caught:
        load(None, folder=folder, create=create)
    problem = only(caught.value.problems)
    assert (problem.code, problem.text, problem.hint) == ("config-processor", "no rcssmin", "install it")


# --- folders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sources = ['static', 'static/css']", 'the source root "static/css" lies inside the source root "static"'),
        ("sources = ['static/css', 'static']", 'the source root "static/css" lies inside the source root "static"'),
        ("sources = ['static', './static/']", 'the source roots "static" and "./static/" are the same folder'),
        ("sources = ['static', 'link']", 'the source roots "static" and "link" are the same folder'),
        ("sources = ['link', 'static/css']", 'the source root "static/css" lies inside the source root "link"'),
        ("sources = ['static', 'gone']", 'the source root "gone" is a link that leads nowhere'),
        ("output = '.'", "the output folder is the folder of the configuration"),
        ("output = '..'", "the output folder contains the folder of the configuration"),
        ("output = '/'", "the output folder contains the folder of the configuration"),
        ("output = 'static/..'", "the output folder is the folder of the configuration"),
        ("output = 'static'", 'the output folder is the source root "static"'),
        ("output = 'link'", 'the output folder is the source root "static"'),
        ("sources = ['static/css']\noutput = 'static'", 'the source root "static/css" lies inside the output folder'),
        ("output = '.assetbuild/x'", "the output folder lies in `.assetbuild`, which is the cache"),
        ("output = 'assetbuild.toml'", "the output folder cannot be made: "),
        ("output = 'assetbuild.toml/x'", "the output folder cannot be made: "),
        ("manifest = 'static'", "the manifest's path is a folder"),
        ("manifest = 'public/assets'", "the manifest's path is a folder"),
        ("manifest = 'public'", "the manifest's path is a folder"),
        ("manifest = 'assetbuild.toml'", "the manifest would overwrite the configuration"),
        ("manifest = 'static/manifest.json'", 'the manifest lies in the source root "static"'),
        ("manifest = 'link/manifest.json'", 'the manifest lies in the source root "static"'),
        ("manifest = '.assetbuild/m.json'", "the manifest lies in `.assetbuild`, which is safe to delete"),
        (
            "manifest = 'public/assets/.assetbuild/m.json'",
            "the manifest lies in `.assetbuild`, which is safe to delete",
        ),
        ("manifest = 'assetbuild.toml/m.json'", "the manifest's folder cannot be made: "),
    ],
)
def test_a_folder_that_a_build_would_harm_is_refused(folder: Path, text: str, wanted: str) -> None:
    (folder / "link").symlink_to("static")
    (folder / "gone").symlink_to("nowhere")
    assert only(problems(folder, text)).text.startswith(wanted)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX systems")
@pytest.mark.parametrize("path", ["x" * 50_000, "x/" * 25_000, "absent/" + "x" * 300], ids=["name", "path", "below"])
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("output = 'PATH'", "config-output", "the output folder cannot be made: File name too long"),
        ("manifest = 'PATH'", "config-manifest", "the manifest cannot be written: File name too long"),
        ("sources = ['PATH']", "source-not-found", "the source root cannot be reached: File name too long"),
    ],
)
def test_a_path_that_is_too_long_is_said(folder: Path, line: str, code: str, said: str, path: str) -> None:
    problem = only(problems(folder, "missing = 'error'\n" + line.replace("PATH", path)))
    assert (problem.code, problem.text) == (code, said)
    assert problem.place is not None
    assert problem.place.line == 2


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX systems")
def test_a_path_in_a_package_that_is_too_long_is_said(folder: Path) -> None:
    problem = only(problems(folder, f"sources = [{{package = 'jinja2', path = '{'x' * 50_000}'}}]"))
    assert problem.code == "source-package"
    assert problem.place is not None
    assert problem.place.line == 1
    assert len(problem.text) < 51_000


@pytest.mark.parametrize(
    "line", ['output = "a\\u0000"', 'manifest = "a\\u0000"', 'sources = ["a\\u0000"]', 'sources = [{path = "\\u0000"}]']
)
def test_a_path_with_a_null_character_is_said(folder: Path, line: str) -> None:
    problem = only(problems(folder, line))
    assert problem.code == "config-value"
    assert problem.text.endswith("holds a control character")


@pytest.mark.parametrize("output", [".", ".."])
def test_the_home_folder_is_no_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch, output: str, tmp_path: Path
) -> None:
    (tmp_path / "homes/me").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "homes/me")
    text = only(problems(folder, f'output = "{tmp_path}/homes/me/{output}"')).text
    assert text == f"the output folder {'is' if output == '.' else 'contains'} your home folder"


@pytest.mark.parametrize(
    "text",
    [
        "output = 'static/built'",
        "output = 'static/built'\nmanifest = 'static/built/m.json'",
        "sources = ['.']",
        "output = '../elsewhere'",
        "sources = ['static', {path = 'vendor', mount = ''}]",
    ],
)
def test_a_folder_that_a_build_cannot_harm_is_taken(folder: Path, text: str) -> None:
    assert loaded(folder, text).problems == ()


# --- digest ----------------------------------------------------------------------------------------------

DIGEST_CHANGES = [
    "sources = ['vendor']",
    "sources = ['static', 'vendor']",
    "sources = ['vendor', 'static']",
    "sources = [{path = 'static', mount = 'a'}]",
    "include = ['a']",
    "exclude = ['a']",
    "compress = []",
    "compress = {gzip = 8, br = 11}",
    "missing = 'warn'",
    "modules = 'importmap'",
    "licences = 'file'",
    "stable = ['a']",
    "[processors]\ncss = []",
    "[processors]\njs = []",
    "[processors]\njs = [{name = 'rjsmin', keep_licences = false}]",
    "[bundles]\n'a.js' = ['a']",
    "[bundles]\n'a.js' = ['b']",
    "[bundles]\n'a.js' = {inputs = ['a'], processors = []}",
    "[bundles]\n'a.js' = ['a', 'b']",
    "[bundles]\n'a.js' = ['b', 'a']",
    "[importmap]\na = 'b.js'",
]


def test_everything_that_can_change_an_output_changes_the_digest(folder: Path) -> None:
    digests = [loaded(folder, text).digest for text in ("", *DIGEST_CHANGES)]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


@pytest.mark.parametrize(
    "text",
    [
        "output = 'x'",
        "manifest = 'x.json'",
        "templates = ['x']",
        "[publish]\ntarget = 'x'",
        "compress = ['br', 'gzip']",
        "sources = ['static']",
        "include = ['**/*']",
        "[processors]\ncss = ['rcssmin']",
        "# a comment",
    ],
)
def test_what_can_change_no_output_leaves_the_digest(folder: Path, text: str) -> None:
    assert loaded(folder, text).digest == loaded(folder, "").digest


def test_the_digest_is_the_same_on_every_machine(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two/deep"):
        (tmp_path / name / "static").mkdir(parents=True)
        digests.add(loaded(tmp_path / name, f"sources = ['{tmp_path / name}/static']").digest)
        digests.add(loaded(tmp_path / name, f"sources = ['{tmp_path / name}/static']\noutput = '{tmp_path}/o'").digest)
    assert len(digests) == 1


# --- places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("a = 1", ("a",), "a", "1"),
        ("# a = 1\n\n a=1 # x", ("a",), "a=1", "1 #"),
        ("[a.b]\nc = 1", ("a", "b", "c"), "c =", "1"),
        ("[a.b]\nc = 1", ("a", "b"), "b]", "[a.b]"),
        ("[ 'a' . b ]\nc.'d' = 1", ("a", "b", "c", "d"), "'d'", "1"),
        ('"x/y.z" = [1, "2", [3]]', ("x/y.z", 2, 0), "", "3"),
        ("a = [\n 1, # ]\n '],', 3,\n]", ("a", 2), "", "3"),
        ("a = {b = {c = [1, 2]}, d = 3}", ("a", "d"), "d", "3"),
        ("a = {b = {c = [1, 2]}, d = 3}", ("a", "b", "c", 1), "", "2]"),
        ('a = """\nb = 1\n"\\""" \n"""""\nb = 2', ("b",), "b = 2", "2"),
        ("a = '''\nb = 1\n'''\nb = 2", ("b",), "b = 2", "2"),
        ('a = "\\"b = 1"\nb = 2', ("b",), "b = 2", "2"),
        ('"\\u0061" = 1', ("a",), '"\\u0061"', "1"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", ("a", 1, "b"), "b = 2", "2"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", ("a", 1, "c", "d"), "d", "3"),
        ("a = 1979-05-27 07:32:00\r\nb = 1e3\r\nc = inf", ("c",), "c", "inf"),
    ],
)
def test_keys_and_values_are_found_where_they_stand(
    text: str, path: tuple[str | int, ...], key: str, value: str
) -> None:
    document = parse(text, path="x")
    for place, wanted in ((document.at_key(*path), key), (document.at_value(*path), value)):
        if wanted:
            assert place.source_line[place.column - 1 :].startswith(wanted)


def test_what_is_not_there_has_no_place(folder: Path) -> None:
    document = parse("a = 1", path="x")
    assert (document.at_key("b").line, document.at_value("b").line) == (0, 0)


KEY = st.text(st.sampled_from("ab.\"'\\ é"), max_size=4)
VALUE = st.recursive(
    st.integers() | st.booleans() | st.text(st.sampled_from("ab'\"\n#[]{},=\\"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = "".join(f"\\u{ord(item):04x}" if item in '\\"\n' else item for item in value)
        return f'"{plain}"'
    if isinstance(value, list):
        return "[ " + " ,\n# ]\n".join(_toml(item) for item in value) + "\n]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


@given(st.dictionaries(KEY, VALUE, max_size=4))
def test_every_value_is_found_at_its_own_text(table: dict[str, object]) -> None:
    text = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in table.items())
    document = parse(text, path="x")

    def visit(value: object, path: tuple[str | int, ...]) -> None:
        assert text[document.values[path] :].startswith(_toml(value))
        if isinstance(value, dict | list):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                visit(item, (*path, key))

    for key, value in table.items():
        assert text[document.keys[(key,)] :].startswith(_toml(key))
        visit(value, (key,))


@given(st.text(st.sampled_from("ab=[]{}\"'.,#\n \\1")))
def test_any_text_is_a_document_or_a_toml_error(text: str) -> None:
    try:
        document = parse(text, path="x")
    except TomlError as error:
        assert error.place.path == "x"
    else:
        assert document.text == text


@given(st.sampled_from(KEYS), VALUE)
def test_any_value_of_any_key_is_taken_or_refused_with_a_hint(key: str, value: object) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "static").mkdir()
        (folder / "assetbuild.toml").write_text(f"{key} = {_toml(value)}\n", encoding="utf-8")
        found: tuple[Problem, ...] = ()
        try:
            load(None, folder=folder)
        except BuildFailed as failed:
            found = failed.problems
        assert all(problem.hint and problem.place for problem in found)
