"""A name that the manifest does not hold: whether it is there in another Unicode form, and else what to say of it.

That is the likeliest mistake, near misses, and the next action. Imported when a look-up has failed and never before;
knows only the names of the assets.
"""

from __future__ import annotations

from assetbuild import markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assetbuild.manifest import Entry

_SHOWN = 3
FOR_TESTS = "0" * 64
"""The build id of what `Assets.for_tests` makes."""

_COMPARED = 2000
"""Names beyond this many are not compared letter by letter: a message is not worth seconds of a request."""


def composed(text: str) -> str:
    """`text` in the form NFC, which editors and keyboards write; file systems may give file names in another."""
    import unicodedata

    return unicodedata.normalize("NFC", text)


def by_composed(names: Iterable[str]) -> dict[str, str]:
    """The names that are not ASCII, by their form NFC."""
    return {composed(name): name for name in sorted(names, reverse=True) if not name.isascii()}


def explain(
    name: object, *, assets: Mapping[str, Entry], base_url: str, build: str, bundles: Iterable[str] = ()
) -> str:
    """The message of `UnknownAsset`. `bundles` are other names that were possible."""
    if not isinstance(name, str):
        return f"an asset is looked up by its logical path, a string like 'css/app.css'; found {name!r}; pass the name"
    start = f"no asset {name!r} in build {build[:12]}"
    action = "add the source and run `assetbuild build`"
    if build == FOR_TESTS:
        start = f"no asset {name!r} among those of Assets.for_tests"
        action = "add the source, or a bundle's name to `names`"
    meant = _plain(name, base_url)
    if meant in assets:
        return f"{start}: a logical path is written without a leading slash, dots and base URL; write {meant!r}"
    for logical in sorted(assets):
        entry = assets[logical]
        if meant == entry["path"] or meant in [twin["path"] for twin in entry.get("variants", {}).values()]:
            return f"{start}: that is an output path, which changes with the content; write {logical!r}"
    folded = meant.casefold()
    for logical in sorted(assets):
        if logical.casefold() == folded:
            return f"{start}: it exists in another case, and case matters; write {logical!r}"
    near = _near(meant, sorted({*assets, *bundles}))
    if near:
        found = " or ".join(repr(logical) for logical in near)
        return f"{start}; did you mean {found}? If the name is right, {action}"
    return f"{start}; {action}" + ("" if build == FOR_TESTS else " (`assetbuild ls` lists what there is)")


def _plain(name: str, base_url: str) -> str:
    plain = name.split("?", 1)[0].split("#", 1)[0].replace("\\", "/")
    if plain.startswith(base_url):
        plain = plain[len(base_url) :]
    segments = [segment for segment in markup.decode(plain).split("/") if segment not in ("", ".")]
    return "/".join(segments)


def _near(name: str, names: list[str]) -> list[str]:
    """Same file name elsewhere first, then names that differ in few letters."""
    import difflib

    last = name.rpartition("/")[2]
    same = [other for other in names if other.rpartition("/")[2] == last][:_SHOWN]
    suffix = last.rpartition(".")[2]
    alike = [other for other in names if other.endswith("." + suffix)][:_COMPARED]
    close = difflib.get_close_matches(name, alike or names[:_COMPARED], n=_SHOWN, cutoff=0.7)
    return list(dict.fromkeys([*same, *close]))[:_SHOWN]
