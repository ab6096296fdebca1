"""A publisher as a process of its own, for tests that kill it: `python -m tests.publisher_process TARGET URL NUMBER`.

Says `ready` when all is loaded, publishes the build of that number, and says `done`.
"""

from __future__ import annotations

import sys
import uuid

from assetbuild.build.ledger import Ledger
from assetbuild.build.publish import Local, publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import Remote
from assetbuild.build.storage_target import open_storage
from tests.publishing import STATE, build_of


def many(number: int) -> Local:
    """A build of more files than are sent at once; half of them are also in every other one."""
    files = {f"{place}.txt": b"%d of %d " % (place, number * (place % 2)) * 50 for place in range(40)}
    return build_of(files | {"app.css": b"a{order:%d}" % number, "fav.txt": b"fav %d" % number}, stable=["fav.txt"])


def main(target: str, url: str, number: str) -> None:
    storage = open_storage(target, endpoint_url=url, region="us-east-1")
    remote = Remote(storage, Ledger(storage, STATE, lambda: uuid.uuid4().hex), "production", workers=4)
    local = many(int(number))
    print("ready", flush=True)
    publish(remote, local, Policy())
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
