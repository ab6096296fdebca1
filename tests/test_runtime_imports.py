"""What a web process pays for: the run-time half imports nothing but itself and what reading JSON takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime_helpers import write

ROOT = Path(__file__).parent.parent

# What a bare `import json, os` brings is allowed by being measured, whatever the Python version; beyond it, only this.
OWN = {
    "assetbuild",
    "assetbuild.elements",
    "assetbuild.errors",
    "assetbuild.manifest",
    "assetbuild.markup",
    "assetbuild.runtime",
    "__future__",
}
LATER = {
    "assetbuild.attributes",
    "assetbuild.fortests",
    "assetbuild.hints",
    "assetbuild.inline",
    "assetbuild.manifest_faults",
    "assetbuild.near",
}
"""Imported at the first use of attributes, `for_tests`, `link_header` or `inline`, at the first unknown name, and
where a manifest is broken or has members that few have."""
HEAVY = {"pathlib", "logging", "dataclasses", "typing", "difflib", "html", "urllib", "hashlib", "inspect", "tomllib"}

RUN = """
import sys
before, code = sys.argv[1:]
exec(before)
before = set(sys.modules)
exec(code)
print(*sorted(set(sys.modules) - before))
"""


def imported_by(code: str, *, after: str = "import json, os") -> set[str]:
    """The modules that `code` adds to an isolated interpreter without site-packages in which `after` has run."""
    return set(run("-I", "-S", "-c", RUN, after, f"sys.path.insert(0, {str(ROOT)!r})\n{code}").split())


def run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout


def test_importing_assetbuild_adds_only_itself_to_json_and_os() -> None:
    assert imported_by("from assetbuild import Assets") == OWN
    assert imported_by("import assetbuild; assetbuild.UnknownAsset") == OWN


def test_what_is_exported_is_imported_when_it_is_first_of_use() -> None:
    assert imported_by("import assetbuild") == {"assetbuild", "__future__"}
    assert run("-c", "import assetbuild; print(*set(assetbuild.__all__) - set(dir(assetbuild)))").strip() == ""
    assert imported_by("import assetbuild; assert not hasattr(assetbuild, 'nothing')") == {"assetbuild", "__future__"}


def test_loading_and_looking_up_import_nothing_more(tmp_path: Path) -> None:
    manifest = write(tmp_path, {"a.css": "a{}", "a.js": "1"}, importmap={"a": "a.js"})
    code = f"""import assetbuild
a = assetbuild.Assets.load({str(manifest)!r})
a.url('a.css'), a.integrity('a.css'), a.tags('a.css', 'a.js', nonce='n'), a.preload_tags('a.css'), a.importmap_tag()
a.immutable_file_test('/x', '/x')
"""
    assert imported_by(code) == OWN


def test_attributes_and_link_headers_import_their_module_and_nothing_more(tmp_path: Path) -> None:
    manifest = write(tmp_path, {"a.css": "a{}"})
    code = (
        f"import assetbuild; a = assetbuild.Assets.load({str(manifest)!r})\n"
        "a.tags('a.css', attributes={'media': 'print'}), a.link_header('a.css')"
    )
    assert imported_by(code) == OWN | {"assetbuild.attributes", "assetbuild.hints"}


def test_an_unknown_name_may_compare_names(tmp_path: Path) -> None:
    manifest = write(tmp_path, {"a.css": "a{}"})
    code = (
        f"import assetbuild\ntry:\n assetbuild.Assets.load({str(manifest)!r}).url('b.css')\n"
        "except assetbuild.UnknownAsset: pass"
    )
    added = imported_by(code)
    assert {"assetbuild.near", "difflib"} <= added
    assert not {name for name in added if name.startswith("assetbuild")} - OWN - LATER


def test_no_heavy_module_is_added_to_a_bare_interpreter() -> None:
    """What json and os bring is allowed above; it must not hide one of these."""
    assert not imported_by("import assetbuild", after="") & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "assetbuild.block_markup",
        "assetbuild.blocks",
        "assetbuild.django_blocks",
        "assetbuild.jinja",
        "assetbuild.jinja_blocks",
        "assetbuild.flask",
        "assetbuild.quart",
        "assetbuild.starlette",
        "assetbuild.django",
        "assetbuild.django.apps",
        "assetbuild.django.blocks",
        "assetbuild.django.checks",
        "assetbuild.django.jinja2",
        "assetbuild.django.staticfiles",
        "assetbuild.django.templatetags.assetbuild",
        "assetbuild.django.templatetags.compress",
    ],
)
def test_framework_glue_imports_nothing_of_the_build_half(module: str) -> None:
    found = run("-c", f"import sys, {module}; print(*sys.modules)").split()
    assert not [name for name in found if name.startswith(("assetbuild.build", "assetbuild.cli", "assetbuild.report"))]


def test_the_flask_glue_does_not_hide_flask() -> None:
    import flask

    import assetbuild.flask

    assert vars(assetbuild.flask)["flask"] is flask
    assert flask.Flask.__module__ == "flask.app"


def test_the_django_glue_can_be_imported_from_a_settings_module() -> None:
    """That is before there are settings, as `WHITENOISE_IMMUTABLE_FILE_TEST` needs it."""
    code = "import assetbuild.django; from django.conf import settings; print(settings.configured)"
    assert run("-c", code).strip() == "False"
