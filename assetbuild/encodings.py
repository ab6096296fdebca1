"""Which compressed twin of a file a client may be sent: `Accept-Encoding` against what there is.

Knows only the header and names of encodings. The rules are those of RFC 9110, section 12.5.3.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def best(accepted: str, sizes: Mapping[str, int]) -> str | None:
    """The encoding to send: of those the client likes best, the one with the fewest bytes. None for the plain file.

    `sizes` are the bytes by encoding. Where the client refuses everything, plain files too, it gets the plain file,
    as the RFC allows: an answer that it may not read is worth more than none.
    """
    weights = _weights(accepted)
    wildcard = weights.get("*", 0.0)
    # Without a word about it, plain is acceptable and worth less than what was asked for by name.
    plain = weights.get("identity", 0.0)
    liked = {name: weights.get(name, wildcard) for name in sorted(sizes)}
    found = [name for name, weight in liked.items() if weight > 0 and weight >= plain]
    return min(found, key=lambda name: (-liked[name], sizes[name], name), default=None)


def _weights(accepted: str) -> dict[str, float]:
    """The weight of each coding; what is none is left out, as if the client did not know the coding."""
    weights: dict[str, float] = {}
    for item in accepted.split(","):
        coding, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = _weight(value.strip())
        if coding:
            weights[_ALIASES.get(coding, coding)] = weight
    return weights


def _weight(text: str) -> float:
    whole, _, rest = text.partition(".")
    if whole in ("0", "1") and len(rest) <= 3 and (not rest or (rest.isascii() and rest.isdigit())):
        return min(float(f"{whole}.{rest or 0}"), 1.0)
    return 0.0
