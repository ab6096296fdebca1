"""`[publish]`: every value that is accepted, and for every mistake its place, its text and its hint."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from assetbuild.build import config as configuration
from assetbuild.build.model import BuildFailed, Config, Problem, Severity
from assetbuild.build.publish_settings import PublishSettings

TARGET = '[publish]\ntarget = "s3://bucket/x"\n'
FULL = """
[publish]
target = "s3://bucket/assets"
endpoint_url = "https://minio.example:9000"
region = "eu-central-1"
profile = "deploy"
state = "state/assets"
environment = "staging-2"
plain_names = "production"
public_url = "https://cdn.example.com/assets"
keep_releases = 9
retention = "36h"
workers = 32
encoding = "br"
[publish.headers]
"**/*.pdf" = { Cache-Control = "no-cache", x-amz-meta-owner = "docs" }
"x/*.bin" = { content-type = "application/x-thing" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    return tmp_path


def loaded(folder: Path, text: str) -> Config:
    (folder / "assetbuild.toml").write_text(text, encoding="utf-8")
    return configuration.load(None, folder=folder)


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(BuildFailed) as failed:
        loaded(folder, text)
    assert failed.value.exit_code == 2
    return failed.value.problems


def test_without_the_table_all_is_as_by_default(folder: Path) -> None:
    assert loaded(folder, "").publish == PublishSettings()


def test_every_key_is_read(folder: Path) -> None:
    assert loaded(folder, FULL).publish == PublishSettings(
        target="s3://bucket/assets",
        endpoint_url="https://minio.example:9000",
        region="eu-central-1",
        profile="deploy",
        state="state/assets/",
        environment="staging-2",
        plain_names="production",
        public_url="https://cdn.example.com/assets/",
        keep_releases=9,
        retention=36 * 3600.0,
        workers=32,
        headers=(
            ("**/*.pdf", (("Cache-Control", "no-cache"), ("x-amz-meta-owner", "docs"))),
            ("x/*.bin", (("content-type", "application/x-thing"),)),
        ),
        encoding="br",
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("5m", 300), ("5 m", 300), ("24h", 86400), ("7d", 604800), ("2w", 1209600)],
)
def test_a_retention_is_a_number_and_a_unit(folder: Path, text: str, seconds: int) -> None:
    assert loaded(folder, f'{TARGET}retention = "{text}"').publish.retention == seconds


@pytest.mark.parametrize(
    ("value", "path"), [("file:public/cdn", "public/cdn"), ("file:../cdn", "../cdn"), ("file:a%20b", "a b")]
)
def test_a_relative_file_target_counts_from_the_configuration(folder: Path, value: str, path: str) -> None:
    settings = loaded(folder, f'[publish]\ntarget = "{value}"\nstate = "{value}.state"').publish
    wanted = Path(os.path.abspath(folder / path)).as_uri()
    assert (settings.target, settings.state) == (wanted, f"{wanted}.state")
    assert settings.has_own_state


def test_an_absolute_file_target_and_a_state_below_stay_as_they_are(folder: Path) -> None:
    settings = loaded(folder, '[publish]\ntarget = "file:///srv/cdn"\nstate = "a/b/"').publish
    assert (settings.target, settings.state, settings.has_own_state) == ("file:///srv/cdn", "a/b/", False)


WRONG = [
    ('target = 1', 2, 10, "`publish.target` must be a string, not an integer", 'write target = "s3://bucket/folder"'),
    ('target = ""', 2, 10, "`publish.target` may not be empty", 'write target = "s3://bucket/folder"'),
    ('taget = "s3://x"', 2, 1, "`[publish]` has no key `taget`", "did you mean `target`?"),
    ('zone = "s3://x"', 2, 1, "`[publish]` has no key `zone`", "use one of `encoding`"),
    ('region = "a\\u0007"', 2, 10, "`publish.region` holds a control character", "write region"),
    ('endpoint_url = "minio:9000"', 2, 16, '`publish.endpoint_url` is no web address: "minio:9000"', "https://host"),
    ('endpoint_url = "https://h:99999"', 2, 16, "`publish.endpoint_url` is no web address", "https://host"),
    ('public_url = "/assets/"', 2, 14, '`publish.public_url` is no web address: "/assets/"', "https://cdn"),
    ('public_url = "https://h/?x=1"', 2, 14, "`publish.public_url` is no web address", "https://cdn"),
    ('state = "/srv"', 2, 9, '`publish.state` is neither a folder below the target nor', 'write state = ".assetbuild"'),
    ('state = "a/../b"', 2, 9, "`publish.state` is neither a folder below the target nor", "write state"),
    (f'state = "{"s" * 1000}"', 2, 9, "`publish.state` is neither a folder below the target nor", "write state"),
    ('state = ".assetbuild-storage/s"', 2, 9, "`publish.state` is the name of something else", "write state"),
    ('state = "manifest.json"', 2, 9, "`publish.state` is the name of something else", "write state"),
    ('environment = "a/b"', 2, 15, "`publish.environment` must be letters", 'write environment = "production"'),
    ('environment = ".."', 2, 15, "`publish.environment` must be letters", "write environment"),
    ('plain_names = "a/b"', 2, 15, "`publish.plain_names` must be letters", 'write plain_names = "production"'),
    ('environment = ""', 2, 15, "`publish.environment` may not be empty", "write environment"),
    ("keep_releases = 0", 2, 17, "`publish.keep_releases` must be from 1 to 100000, not 0", "write keep_releases = 5"),
    ("keep_releases = true", 2, 17, "`publish.keep_releases` must be an integer, not a boolean", "= 5"),
    ("workers = 1000", 2, 11, "`publish.workers` must be from 1 to 256, not 1000", "write workers = 16"),
    ("retention = 7", 2, 13, "`publish.retention` must be a string, not an integer", 'write retention = "7d"'),
    ('retention = "a week"', 2, 13, '`publish.retention` is no time: "a week"', "s, m, h, d and w"),
    ('retention = "-1d"', 2, 13, '`publish.retention` is no time: "-1d"', "s, m, h, d and w"),
    ('encoding = "brotli"', 2, 12, '`publish.encoding` must be "", "br" or "gzip", not "brotli"', "did you mean `br`?"),
    ("encoding = 1", 2, 12, "`publish.encoding` must be a string, not an integer", 'encoding = "br"'),
    ("headers = 1", 2, 11, "`publish.headers` must be a table, not an integer", "write [publish.headers]"),
    ('headers = { "a[" = {} }', 2, 13, '"a[" in `[publish.headers]` is not a valid glob', "correct the glob"),
    ('headers = { "a" = 1 }', 2, 19, '`publish.headers."a"` must be a table of header fields', "[publish.headers]"),
    (
        'headers = { "a" = { Cache-Controle = "x" } }', 2, 21,
        "`Cache-Controle` cannot be set: storages keep Cache-Control", "did you mean `Cache-Control`?",
    ),
    (
        'headers = { "a" = { Content-Encoding = "br" } }', 2, 21,
        "`Content-Encoding` is that of the bytes", 'write encoding = "br"',
    ),
    ('headers = { "a" = { Cache-Control = 1 } }', 2, 37, "`Cache-Control` must be a string", "write Cache-Control"),
    ('headers = { "a" = { Cache-Control = "" } }', 2, 37, "`Cache-Control`: a value may not be empty", "correct it"),
    ('headers = { "a" = { Cache-Control = "ä" } }', 2, 37, "`Cache-Control`: 'ä' is no header value", "correct it"),
    ('headers = { "a" = { Content-Type = "css" } }', 2, 36, '`Content-Type`: "css" is no media type', "correct it"),
    ('headers = { "a" = { x-amz-meta-sha256 = "1" } }', 2, 41, "`x-amz-meta-sha256`: the digest of", "correct it"),
    ('region = "eu"', 1, 2, "`[publish]` has no `target`", 'add target = "s3://bucket/folder"'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "row", "column", "text", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_at_its_place_with_a_way_out(
    folder: Path, line: str, row: int, column: int, text: str, hint: str
) -> None:
    (problem,) = problems(folder, f"[publish]\n{line}\n")
    assert problem.text.startswith(text)
    assert hint in problem.hint
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (row, column)


def test_an_encoding_has_to_be_among_the_variants(folder: Path) -> None:
    (problem,) = problems(folder, f'compress = ["gzip"]\n{TARGET}encoding = "br"')
    assert problem.text == '`publish.encoding` is "br", which `compress` does not make'
    assert problem.hint == 'add "br" to `compress`'


SECRET = "wJalrXUtnFEMI"


@pytest.mark.parametrize(
    "line",
    [
        f'aws_secret_access_key = "{SECRET}"',
        f'secret_key = "{SECRET}"',
        f'aws_access_key_id = "{SECRET}"',
        f'access_key = "{SECRET}"',
        f'session_token = "{SECRET}"',
        f'password = "{SECRET}"',
        f'credentials = {{ key = "{SECRET}" }}',
        f'endpoint_url = "https://user:{SECRET}@minio.example"',
        f'state = "s3://user:{SECRET}@bucket/x"',
    ],
)
def test_credentials_are_refused_and_never_shown(folder: Path, line: str) -> None:
    (problem,) = problems(folder, TARGET + line)
    assert problem.code == "config-credentials"
    assert "never stand in the configuration" in problem.text
    assert "boto3 finds credentials in AWS_ACCESS_KEY_ID" in problem.hint
    assert problem.place is not None
    assert problem.place.line == 3
    assert SECRET not in repr(problem)


def test_all_that_is_wrong_is_said_at_once(folder: Path) -> None:
    lines = [
        line for line, *_ in WRONG if not line.startswith(("headers", "target", "region")) and '"a/../b"' not in line
    ]
    keys = {re.match(r"\w+", line)[0]: line for line in lines}  # type: ignore[index]
    found = problems(folder, "[publish]\n" + "\n".join(keys.values()))
    assert len(found) == len(keys)
    assert all(problem.severity is Severity.ERROR and problem.hint for problem in found)


def test_nothing_of_it_makes_a_build_stale(folder: Path) -> None:
    assert loaded(folder, FULL).digest == loaded(folder, "").digest
