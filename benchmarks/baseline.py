"""What no tool can do without: `scan` lists and stats a tree; `copy` also reads, digests and writes every file.

Takes the word, the tree and, for `copy`, a folder to write to. The yardstick of the larger workloads.
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


if sys.argv[1] == "scan":
    scan(sys.argv[2])
else:
    copy(sys.argv[2], sys.argv[3])
