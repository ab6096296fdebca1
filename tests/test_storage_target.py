"""Which targets there are, and what is said of one that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assetbuild.build.storage import Condition, Failure, Headers, StorageError, check_key
from assetbuild.build.storage_target import open_storage


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://my-bucket.example/a/b/", "s3://my-bucket.example/a/b"),
        ("S3://Old_Bucket/ü%20", "s3://Old_Bucket/ü%20"),
        ("file:///srv/a%20b/", "file:///srv/a%20b"),
        ("file://localhost/srv", "file:///srv"),
        ("memory:", "memory:"),
    ],
)
def test_a_target_says_where_objects_go(target: str, name: str) -> None:
    storage = open_storage(target)
    assert storage.name == name
    storage.close()


@pytest.mark.parametrize(
    ("target", "text", "hint"),
    [
        ("", 'the target "" is no URL', "s3://bucket/folder"),
        ("bucket/assets", "is no URL", "s3://bucket/folder"),
        ("/srv/assets", "is no URL", 'write target = "file:///srv/assets"'),
        ("ftp://host/a", 'has the unknown scheme "ftp:"', "s3://bucket/folder"),
        ("C:\\assets", "unknown scheme", "file:///folder"),
        ("https://acc.example.com/x", "is a web address", 'endpoint_url = "https://acc.example.com"'),
        (
            "gs://bucket/a",
            "scheme that is not known",
            's3://bucket/a" and endpoint_url = "https://storage.googleapis.com"',
        ),
        ("s3:///assets", "names no bucket", "s3://bucket/folder"),
        ("s3://", "names no bucket", "s3://bucket/folder"),
        ("s3:bucket", "names no bucket", "s3://bucket/folder"),
        ("s3://b", 'the bucket "b", which no store can have', "3 to 255 letters"),
        ("s3://my bucket/a", 'the bucket "my bucket", which', "3 to 255 letters"),
        ("s3://bucket/a?b", 'holds "?" or "#"', "leave it out"),
        ("s3://bucket/a/../b", "cannot be used", "choose a plain folder"),
        ("s3://bucket/a//b", "cannot be used", "choose a plain folder"),
        ("s3://[bucket", "is no URL", "s3://bucket/folder"),
        ("file://srv/assets", "is no absolute path", 'write target = "file:///srv/assets"'),
        ("file:assets", "is no absolute path", 'write target = "file:///assets"'),
        ("file:///", "names no folder", "file:///srv/assets"),
        ("file:///a#b", 'holds "?" or "#"', "%23"),
    ],
)
def test_what_is_no_target_is_said_with_the_way_out(target: str, text: str, hint: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(target)
    assert caught.value.failure is Failure.TARGET
    assert text in caught.value.text
    assert hint in caught.value.hint
    assert caught.value.problem().code == "storage-target"


def test_credentials_in_a_target_are_refused_and_not_shown() -> None:
    with pytest.raises(StorageError, match="the target holds credentials") as caught:
        open_storage("s3://AKIA:topsecret@bucket/a")
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("url", ["minio.example.com", "https://", "https://user@host", "ftp://host", "https://h/?a"])
def test_an_endpoint_that_is_no_web_address_is_said(url: str) -> None:
    with pytest.raises(StorageError, match="`endpoint_url` is no web address") as caught:
        open_storage("s3://bucket", endpoint_url=url)
    assert caught.value.failure is Failure.TARGET


def test_an_unknown_profile_is_said_by_its_name() -> None:
    with pytest.raises(StorageError, match="nobody") as caught:
        open_storage("s3://bucket", profile="nobody")
    assert (caught.value.failure, "`profile`" in caught.value.hint) == (Failure.CREDENTIALS, True)


def test_a_region_that_is_none_is_said() -> None:
    with pytest.raises(StorageError) as caught:
        open_storage("s3://bucket", region="eu west 1")
    assert (caught.value.failure, "eu west 1" in caught.value.text) == (Failure.TARGET, True)


@pytest.mark.parametrize("target", ["file:///srv/a", "memory:"])
def test_boto3_is_imported_for_buckets_only(target: str) -> None:
    code = f"import sys; from assetbuild.build.storage_target import open_storage; open_storage({target!r})"
    code += "; print(sorted({'boto3', 'botocore', 'urllib3'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_without_boto3_the_package_to_install_is_named(tmp_path: Path) -> None:
    (tmp_path / "botocore.py").write_text("raise ModuleNotFoundError('no', name='botocore')")
    code = f"""import sys
sys.path.insert(0, {str(tmp_path)!r})
from assetbuild.build.storage import StorageError
from assetbuild.build.storage_target import open_storage
try:
    open_storage("s3://bucket")
except StorageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "needs boto3, which is not installed" in done.stdout
    assert done.stdout.endswith("pip install 'assetbuild[s3]'\n")


# --- values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: Headers(""),
        lambda: Headers("text/plain "),
        lambda: Headers("text/plain", "a\nb"),
        lambda: Headers("text/plain", "", "ü"),
        lambda: Headers("text/plain", metadata=(("Upper", "x"),)),
        lambda: Headers("text/plain", metadata=(("b", "x"), ("a", "x"))),
        lambda: Headers("text/plain", metadata=(("a", "x"), ("a", "y"))),
        lambda: Headers("text/plain", metadata=(("sha256", "x"),)),
        lambda: Condition.unchanged(""),
        lambda: check_key("a/./b"),
    ],
)
def test_values_that_no_server_keeps_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"header value|content type|metadata|version|is no key"):
        make()
