"""The value of a `Link` header that preloads style sheets and fonts, also for an answer with status 103, Early Hints.

Imported at the first call of `Assets.link_header` and never before. Rules: RFC 8288 for the header, the HTML standard
("process link headers") for what it means; each preload says what the element that uses the file will say of CORS and
integrity, as the file is fetched twice otherwise.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assetbuild.elements import Urls
    from assetbuild.manifest import Entry


def link_header(keys: Iterable[str], assets: Mapping[str, Entry], urls: Urls, *, cors: bool) -> str:
    """Of the assets `keys` the style sheets, and what they load: style sheets and fonts. Each once, '' for none.

    Never modules: whether a hint may preload one, and where that is kept until the page's import map is there, differs
    between browsers.
    """
    values: dict[str, None] = {}
    for key in keys:
        values |= dict.fromkeys(_values(key, assets, urls, cors=cors))
    return ", ".join(values)


def _values(key: str, assets: Mapping[str, Entry], urls: Urls, *, cors: bool) -> Iterator[str]:
    entry = assets[key]
    if entry["type"] == "text/css":
        yield _style(urls[key], f'; integrity="{entry["integrity"]}"' + ("; crossorigin=anonymous" if cors else ""))
    for name in entry.get("preload", ()):
        target = assets[name]
        if target["type"].startswith("font/"):
            yield f'<{_ascii(urls[name])}>; rel=preload; as=font; type="{target["type"]}"; crossorigin'
        elif target["type"] == "text/css":  # fetched as `markup.preload_style` says
            yield _style(urls[name], "" if cors else f'; integrity="{target["integrity"]}"')


def _style(url: str, checks: str) -> str:
    return f"<{_ascii(url)}>; rel=preload; as=style{checks}"


def _ascii(url: str) -> str:
    """Headers are ASCII. Only a base URL can have more; a host too may be percent-encoded (URL standard)."""
    return url if url.isascii() else "".join(char if char.isascii() else _escaped(char) for char in url)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8"))
