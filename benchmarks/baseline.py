"""What no tool can do without: `scan` lists and stats a tree; `copy` also reads, digests and writes every file.

Takes the word, the tree and, for `copy`, a folder to write to. `compress` takes the manifest of a build and makes, on
two threads and in memory only, the variants that it names; it prints their bytes.
"""

import hashlib
import os
import sys


def scan(root: str) -> list[str]:
    found, waiting = [], [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                elif entry.stat().st_size >= 0:
                    found.append(entry.path)
    return found


def copy(root: str, target: str) -> None:
    made = set()
    for path in scan(root):
        with open(path, "rb") as stream:
            data = stream.read()
        digest = hashlib.sha256(data).hexdigest()
        folder = os.path.join(target, os.path.dirname(os.path.relpath(path, root)))
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        name, suffix = os.path.splitext(os.path.basename(path))
        with open(os.path.join(folder, f"{name}-{digest[:16]}{suffix}"), "wb") as stream:
            stream.write(data)


def compress(manifest: str) -> None:
    import json
    import zlib
    from concurrent.futures import ThreadPoolExecutor

    import brotli

    def gzip(data: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()

    ways = {"gzip": gzip, "br": lambda data: bytes(brotli.compress(data, quality=11))}
    with open(manifest, "rb") as stream:
        assets = json.load(stream)["assets"].values()
    work = [(asset["size"], way, asset["path"]) for asset in assets for way in asset.get("variants", {})]
    root = os.path.dirname(manifest)

    def one(entry: tuple[int, str, str]) -> int:
        with open(os.path.join(root, entry[2]), "rb") as stream:
            return len(ways[entry[1]](stream.read()))  # type: ignore[no-untyped-call,unused-ignore]

    with ThreadPoolExecutor(2) as pool:
        # The costliest first, so that no thread ends long before the other.
        print(
            sum(pool.map(one, sorted(work, key=lambda entry: entry[0] * (20 if entry[1] == "br" else 1), reverse=True)))
        )


if sys.argv[1] == "scan":
    scan(sys.argv[2])
elif sys.argv[1] == "copy":
    copy(sys.argv[2], sys.argv[3])
else:
    compress(sys.argv[2])
