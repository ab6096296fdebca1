"""Whole builds over hostile files end with an exit code and a message, and leave all of the output or none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assetbuild import cli
from assetbuild.build import config, verify
from assetbuild.build.model import Severity
from tests.fuzz import snippets
from tests.fuzz.test_readers import mutated
from tests.project import project

_CONFIG = 'licences = "file"\ncompress = ["gzip"]\nmissing = "warn"\n'
_BUNDLES = '[bundles]\n"all.js" = ["a.js", "b.js"]\n"all.css" = ["a.css", "b.css"]\n'


def _files(js: tuple[bytes, bytes], css: tuple[bytes, bytes]) -> dict[str, str | bytes]:
    return {"a.js": js[0], "b.js": js[1], "a.css": css[0], "b.css": css[1]}


_JS = st.one_of(st.binary(max_size=40), mutated(snippets.JS))
_CSS = st.one_of(st.binary(max_size=40), mutated(snippets.CSS))


@pytest.mark.parametrize("bundles", ["", _BUNDLES], ids=["lone", "bundled"])
def test_a_build_of_any_files_ends_well(
    bundles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.tuples(_JS, _JS), st.tuples(_CSS, _CSS))
    @example((b"", b""), (b"", b""))
    @example((b"\xff\xfe", b"\xef\xbb\xbf"), (b"\xfe\xff\x00", b"\x00"))
    @example((b"#!", b"/*!"), (b'@charset "', b"/*! a */"))
    @example((b"{" * 3000, b"a"), (b"{" * 3000, b"a{}"))
    def law(js: tuple[bytes, bytes], css: tuple[bytes, bytes]) -> None:
        root = tmp_path / "p"
        shutil.rmtree(root, ignore_errors=True)
        made = project(root, _files((b"x = 1", b"y = 2"), (b"a { b : c }", b"d { e : f }")), _CONFIG + bundles)
        monkeypatch.chdir(root)
        assert cli.run(("build",)) == 0
        before = made.public()
        made.write({f"static/{name}": data for name, data in _files(js, css).items()})
        capsys.readouterr()
        code = cli.run(("build", "--jobs", "1"))
        out, err = capsys.readouterr()
        assert code in (0, 1), err
        assert "Traceback" not in out + err
        assert "error[internal]" not in err
        after = made.public()
        if code:
            assert "error[" in err
            assert after == before
        else:
            found = verify.verify(config.load(None, folder=root))
            assert [problem for problem in found if problem.severity is Severity.ERROR] == []
            assert cli.run(("build", "--check")) == 0
            assert made.public() == after
            capsys.readouterr()

    law()
