"""The manifest is read whole or refused whole, with a message that names the file and the next action."""

from __future__ import annotations

import copy
import json
import os
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assetbuild
from assetbuild import AssetbuildError, ManifestError, manifest, manifest_faults
from tests.runtime_helpers import document, dump, write

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "manifest.schema.json").read_text("utf-8"))

BAD_PATHS = [
    "/css/app.css",
    "C:/app.css",
    "c:app.css",
    "../app.css",
    "css/../app.css",
    "css/..",
    "./app.css",
    "css/./app.css",
    ".",
    "..",
    "css//app.css",
    "css/",
    "",
    "css\\app.css",
    "\\\\host\\app.css",
    "app\n.css",
    "app\x00.css",
    "app\x7f.css",
    "app\x85.css",
]
GOOD_PATHS = [
    "a",
    "a b.css",
    "...",
    ".a/..b/c..",
    "ab:c.css",
    "x/C:/y",
    "a+b#c%d?.css",
    "ü/日本.css",
    "a\xa0b.css",
    "\u2028.css",
    "\U000e0001.css",
]


BLOCK = "b" * 64


def sound() -> dict[str, Any]:
    made = document(
        {"css/app.css": "a{}", "fonts/i.woff2": b"f", "js/app.js": "1", "js/u.js": "2"},
        {
            "css/app.css": {"variants": ("gzip", "br"), "preload": ["fonts/i.woff2"], "stable": True},
            "js/app.js": {"module": True, "imports": ["js/u.js"]},
        },
        {"u": "js/u.js", "htmx": "https://esm.sh/htmx", "./js/u.js": "js/u.js"},
    )
    return made | {"blocks": {BLOCK: ["js/u.js", "css/app.css"], "a" * 64: []}}


def load(made: object) -> manifest.ManifestDict:
    return manifest.loads(json.dumps(made).encode("ascii"), name="public/manifest.json")


def is_schema_valid(made: object) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(made))


def test_a_sound_manifest_is_given_back_as_it_is() -> None:
    made = sound()
    assert load(made) == made
    assert manifest.loads(dump(sound()), name="m") == made


def test_members_that_are_not_known_are_ignored() -> None:
    made = sound() | {"generator": {"name": "x"}}
    made["assets"]["css/app.css"]["width"] = 12
    made["assets"]["css/app.css"]["variants"]["br"]["level"] = 11
    assert load(made) == made


def test_a_manifest_without_assets_is_sound() -> None:
    assert load(document({}))["assets"] == {}


def test_the_published_schema_is_a_schema_and_accepts_a_sound_manifest() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert is_schema_valid(sound())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON, or only a part of it"),
        (b"{", "not JSON, or only a part of it"),
        (dump(sound())[:-40], "not JSON, or only a part of it"),
        (b"\xef\xbb\xbf{}", "not JSON, or only a part of it"),
        (b'{"schema": 1, "x": "\xff"}', "byte 20 is not UTF-8"),
        ('{"schema": 1}'.encode("utf-16"), "byte 0 is not UTF-8"),
        (b"[" * 100_000, "not JSON, or only a part of it"),
        (b"[]", "expected a JSON object, found an array"),
        (b"3", "expected a JSON object, found a number"),
        (b"null", "expected a JSON object, found nothing"),
    ],
)
def test_what_is_no_json_object_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest.loads(data, name="public/manifest.json")
    assert str(caught.value).startswith(f"public/manifest.json: this is no usable manifest: {said}")
    assert str(caught.value).endswith("; run `assetbuild build` to write it anew")


def test_an_unknown_schema_says_which_one_and_what_to_install() -> None:
    with pytest.raises(ManifestError) as caught:
        load(sound() | {"schema": 2})
    assert str(caught.value) == (
        f"public/manifest.json: the manifest has schema 2, and assetbuild {assetbuild.__version__} reads schema 1; "
        "install the version of assetbuild that built it, or a later one"
    )


@pytest.mark.parametrize("schema", [None, 0, -1, "1", 1.0, True, [1]])
def test_a_schema_that_is_no_number_of_a_schema_is_refused(schema: object) -> None:
    with pytest.raises(ManifestError, match='"schema" must be the number 1, found'):
        load(sound() | {"schema": schema})


ENTRY = ("assets", "css/app.css")
DELETE = object()


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("build",), DELETE, '"build" must be 64 hexadecimal digits'),
        (("build",), "ab", '"build" must be 64 hexadecimal digits'),
        (("build",), "G" * 64, '"build" must be 64 hexadecimal digits'),
        (("build",), 1, '"build" must be 64 hexadecimal digits'),
        (("assets",), DELETE, '"assets" must be an object, found nothing'),
        (("assets",), [], '"assets" must be an object, found an array'),
        (ENTRY, "css/app-1.css", "asset 'css/app.css' must be an object, found a string"),
        ((*ENTRY, "path"), DELETE, "asset 'css/app.css': \"path\" must be a string, found nothing"),
        ((*ENTRY, "path"), 1, '"path" must be a string, found a number'),
        ((*ENTRY, "type"), DELETE, '"type" must be a media type, found nothing'),
        ((*ENTRY, "type"), "", '"type" must be a media type'),
        ((*ENTRY, "size"), DELETE, '"size" must be a number of bytes'),
        ((*ENTRY, "size"), "12", '"size" must be a number of bytes'),
        ((*ENTRY, "size"), True, '"size" must be a number of bytes'),
        ((*ENTRY, "size"), -1, '"size" must be a number of bytes'),
        ((*ENTRY, "size"), 1.5, '"size" must be a number of bytes'),
        ((*ENTRY, "sha256"), DELETE, '"sha256" must be 64 hexadecimal digits'),
        ((*ENTRY, "sha256"), "x" * 64, '"sha256" must be 64 hexadecimal digits'),
        ((*ENTRY, "integrity"), DELETE, '"integrity" must be "sha384-" and 64 characters of base64'),
        ((*ENTRY, "integrity"), "sha384-" + '"' * 64, '"integrity" must be'),
        ((*ENTRY, "integrity"), "sha256-" + "a" * 64, '"integrity" must be'),
        ((*ENTRY, "variants"), [], '"variants" must be an object, found an array'),
        ((*ENTRY, "variants", "br"), 1, 'variant "br" must be an object, found a number'),
        ((*ENTRY, "variants", "br", "path"), DELETE, 'variant "br": "path" must be a string, found nothing'),
        ((*ENTRY, "variants", "br", "size"), None, 'variant "br": "size" must be a number of bytes'),
        ((*ENTRY, "preload"), "fonts/i.woff2", '"preload" must be an array, found a string'),
        ((*ENTRY, "preload"), {"fonts/i.woff2": 1}, '"preload" must be an array, found an object'),
        ((*ENTRY, "preload"), ["x.woff2"], '"preload" names \'x.woff2\', which is not in "assets"'),
        ((*ENTRY, "imports"), [1], '"imports" names 1, which is not in "assets"'),
        ((*ENTRY, "imports"), [["x"]], '"imports" names [\'x\'], which is not in "assets"'),
        ((*ENTRY, "module"), 1, '"module" must be true or absent, found a number'),
        ((*ENTRY, "stable"), "yes", '"stable" must be true or absent, found a string'),
        (("importmap",), [], '"importmap" must be an object, found an array'),
        (("importmap", "u"), 1, "the import map sends 'u' to 1"),
        (("importmap", "u"), "js/no.js", "the import map sends 'u' to 'js/no.js', which is neither"),
        (("importmap", "./../x.js"), "js/u.js", "the import map's key './../x.js' has the segment '..' in it"),
        (("blocks",), [], '"blocks" must be an object, found an array'),
        (("blocks", "x"), [], "the key 'x' of a block must be 64 hexadecimal digits"),
        (("blocks", BLOCK), "js/u.js", f"block '{BLOCK}' must be an array, found a string"),
        (("blocks", BLOCK), [1], f"block '{BLOCK}' names 1, which is not in \"assets\""),
        (("blocks", BLOCK), ["no.js"], f"block '{BLOCK}' names 'no.js', which is not in \"assets\""),
        (("bundles",), [], '"bundles" must be an object, found an array'),
        (("bundles",), {"a": []}, "bundle 'a' must be an object with an array \"assets\""),
        (("bundles",), {"a": {"assets": "css/app.css"}}, "bundle 'a' must be an object with an array \"assets\""),
        (("bundles",), {"a": {"assets": ["css/no.css"]}}, "bundle 'a' names 'css/no.css', which is not in \"assets\""),
        (("bundles",), {"a": {"assets": [["x"]]}}, "bundle 'a' names ['x'], which is not in \"assets\""),
        (("bundles",), {"a": {"assets": [], "extra": 1}}, "\"extra\" of bundle 'a' must be an object, found a number"),
    ],
)
def test_a_missing_or_wrong_member_is_refused_and_named(where: tuple[str, ...], value: object, said: str) -> None:
    made = copy.deepcopy(sound())
    holder = made
    for key in where[:-1]:
        holder = holder[key]
    if value is DELETE:
        del holder[where[-1]]
    else:
        holder[where[-1]] = value
    with pytest.raises(ManifestError) as caught:
        load(made)
    assert said in str(caught.value)
    assert str(caught.value).endswith("; run `assetbuild build` to write it anew")
    # What only a look at the other assets can tell is beyond the schema.
    assert not is_schema_valid(made) or "which is n" in said


def with_path(path: str, place: str) -> dict[str, Any]:
    made = sound()
    if place == "logical":
        made["assets"][path] = made["assets"].pop("js/app.js")
    elif place == "output":
        made["assets"]["js/app.js"]["path"] = path
    elif place == "variant":
        made["assets"]["css/app.css"]["variants"]["br"]["path"] = path
    else:
        made["importmap"]["./" + path] = "js/u.js"
    return made


PLACES = ["logical", "output", "variant", "importmap"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_could_leave_its_folder_is_refused(path: str, place: str) -> None:
    made = with_path(path, place)
    with pytest.raises(ManifestError, match=r"is absolute|has (a backslash|a control character|the segment)"):
        load(made)
    assert not is_schema_valid(made)


@pytest.mark.parametrize("path", ["\ud800.css", "a/\udcff"])
def test_a_path_with_half_a_surrogate_is_refused(path: str) -> None:
    with pytest.raises(ManifestError, match="has a control character"):
        load(with_path(path, "output"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("path", GOOD_PATHS)
def test_a_path_that_is_only_unusual_is_accepted(path: str, place: str) -> None:
    made = with_path(path, place)
    assert load(made) == made
    assert is_schema_valid(made)


@given(st.text(st.sampled_from("a./\\:C\n ü"), max_size=7), st.sampled_from(PLACES))
def test_schema_and_reader_refuse_the_same_paths(path: str, place: str) -> None:
    made = with_path(path, place)
    try:
        load(made)
        accepted = True
    except ManifestError:
        accepted = False
    assert accepted == is_schema_valid(made)


@given(st.data())
def test_every_single_wrong_type_is_refused_by_the_quick_look_exactly_where_the_close_one_refuses(
    data: st.DataObject,
) -> None:
    """The quick look may only say yes where the close look finds nothing."""
    made = sound()
    holder: Any = made["assets"]
    logical = data.draw(st.sampled_from(sorted(holder)))
    member = data.draw(
        st.sampled_from(["path", "type", "size", "sha256", "integrity", "variants", "preload", "module"])
    )
    values = st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3) | st.lists(st.text(max_size=2))
    holder[logical][member] = data.draw(values | st.dictionaries(st.text(max_size=2), values, max_size=2))
    if manifest._is_plainly_sound(made):
        assert list(manifest_faults.faults(made)) == []


def test_a_plain_manifest_needs_no_close_look() -> None:
    assert manifest._is_plainly_sound(sound())


def test_read_gives_what_the_file_holds(tmp_path: Path) -> None:
    file = write(tmp_path, {"a.css": "a{}"})
    assert list(manifest.read(file)["assets"]) == ["a.css"]
    assert manifest.read(str(file)) == manifest.read(file)


def test_a_missing_file_says_to_build(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    with pytest.raises(ManifestError) as caught:
        manifest.read(file)
    assert str(caught.value) == f"{file}: there is no manifest here; run `assetbuild build`, or correct the path"


def test_a_folder_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"the manifest cannot be read \(.+\); make it readable"):
        manifest.read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """Reading a pipe that nobody writes to, or a device without an end, would never come back."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(ManifestError, match="it is a device, a pipe or a socket, not a file"):
            manifest.read(path)


def test_a_link_to_a_manifest_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, {"a.css": "a{}"})
    (tmp_path / "link").symlink_to(file)
    assert manifest.read(tmp_path / "link") == manifest.read(file)


def test_exports_are_complete_and_in_the_error_family() -> None:
    from assetbuild import errors, runtime

    raised = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert set(assetbuild.__all__) == raised | {"Assets", "__version__"}
    assert all(hasattr(assetbuild, name) for name in assetbuild.__all__)
    assert assetbuild.Assets is runtime.Assets
    assert issubclass(assetbuild.UnknownAsset, (AssetbuildError, LookupError))
    assert issubclass(ManifestError, AssetbuildError)


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert assetbuild.__version__ == project["version"] == metadata.version("assetbuild")
