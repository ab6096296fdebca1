"""What `[publish]` says: where a build goes, under which headers, and what is kept of old ones.

Values only. `config_publish.py` reads them, and `publish_local.py` makes a storage and a policy of them. None of it is
part of what a build makes, so none of it makes an output stale.
"""

from __future__ import annotations

from dataclasses import dataclass

Fields = tuple[tuple[str, str], ...]
"""Header fields by name, as configured."""


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """A valid `[publish]`; the defaults are those of a configuration without it. `target` is '' where there is none.

    `state` is a folder below the target, ending in `/`, or a target URL of its own. Relative `file:` targets are
    absolute here. `plain_names` is the environment that plain names belong to, '' where there is only one. `public_url`
    ends in `/`. `retention` is in seconds. `headers` has the fields of each glob, in order.
    """

    target: str = ""
    endpoint_url: str = ""
    region: str = ""
    profile: str = ""
    state: str = ".assetbuild/"
    environment: str = "production"
    plain_names: str = ""
    public_url: str = ""
    keep_releases: int = 5
    retention: float = 7 * 86400.0
    workers: int = 16
    headers: tuple[tuple[str, Fields], ...] = ()
    encoding: str = ""

    @property
    def has_own_state(self) -> bool:
        """Whether the state is at a target of its own."""
        return ":" in self.state
