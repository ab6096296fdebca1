"""URLs as they stand in CSS and JS: what is local, how a path is resolved, how a relative one is written.

Knows no files. Rules: the WHATWG URL standard (schemes, percent-encoding) and RFC 3986, section 5.2.4 (dot segments).
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_SAFE = "/-._~!$&*+,;=:@"  # every sub-delimiter of RFC 3986 but quotes and parentheses: no context needs an escape


def split_suffix(url: str) -> tuple[str, str]:
    """`a.svg?v=3#icon` -> (`a.svg`, `?v=3#icon`)."""
    cut = min((i for i in (url.find("?"), url.find("#")) if i >= 0), default=len(url))
    return url[:cut], url[cut:]


def is_local(url: str) -> bool:
    """Whether `url` can name a file of the namespace: no scheme, no host, and a path that is not empty."""
    path = split_suffix(url)[0]
    return bool(path) and not path.startswith("//") and not _SCHEME.match(path)


def decode(path: str) -> str | None:
    """Percent-decoded, or None where the bytes are not UTF-8 and so can be no logical path."""
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeError:
        return None


def normalise(folder: str, path: str) -> str | None:
    """The logical path that `path` means in `folder` ('' is the root); None where it climbs above the root.

    A leading `/` is the root of the namespace.
    """
    segments = [] if path.startswith("/") else [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not segments:
                return None
            segments.pop()
        elif part not in ("", "."):
            segments.append(part)
    return "/".join(segments)


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def encode(path: str) -> str:
    """Percent-encoded so that it needs no quotes or escapes in `url()`, in CSS strings or in JS strings."""
    return quote(path.encode("utf-8", "surrogateescape"), safe=_SAFE)


def encode_spelled(path: str) -> str:
    """A path as it is spelled in a source, as browsers put it into a URL: what is not ASCII is percent-encoded."""
    return quote(path.encode("utf-8", "surrogateescape"), safe=_SAFE + "%()'\"")


def relative(target: str, *, folder: str, dotted: bool = False) -> str:
    """The relative URL of output path `target` seen from `folder`; `dotted` asks for a leading `./` or `../`.

    A first segment with a colon would read as a scheme (RFC 3986, section 4.2), so it gets `./` as well.
    """
    here = [part for part in folder.split("/") if part]
    there = target.split("/")
    shared = 0
    while shared < len(here) and shared < len(there) - 1 and here[shared] == there[shared]:
        shared += 1
    climb = len(here) - shared
    url = encode("/".join([".."] * climb + there[shared:]))
    if climb == 0 and (dotted or ":" in url.split("/", 1)[0]):
        return "./" + url
    return url


def moved(path: str, *, folder: str, to: str) -> str:
    """`path`, as spelled in a file of `folder`, as a file of the folder `to` has to spell it.

    It may climb above the root, and keeps empty segments and percent-escapes: both mean something to servers.
    """
    segments, above = [part for part in folder.split("/") if part], 0
    here = [part for part in to.split("/") if part]
    dots = ""
    for part in path.split("/"):
        dots = part.lower().replace("%2e", ".")
        if dots == "..":
            above += not segments
            del segments[-1:]
        elif dots != "." and (part or segments):
            segments.append(part)
    if segments and dots in (".", ".."):
        segments.append("")
    shared = 0
    while not above and shared < min(len(here), len(segments) - 1) and here[shared] == segments[shared]:
        shared += 1
    climb = above + len(here) - shared
    rest = quote("/".join(segments[shared:]).encode("utf-8", "surrogateescape"), safe=_SAFE + "%")
    if climb:
        return "../" * climb + rest
    return "./" + rest if not rest or ":" in rest.split("/", 1)[0] or rest.startswith("/") else rest
