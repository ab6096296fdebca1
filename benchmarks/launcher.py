"""Starts one command and writes its seconds, its CPU seconds and its peaks, in MB, to a file; ends with its exit code.

A process of its own and small, because a process counts the memory of the one that started it in its own peak. It
imports next to nothing for that, and knows nothing of what it runs.
"""

import os
import sys
import threading
import time

PAUSE = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


def processes_below(process: int) -> list[int]:
    """It and all that it started and that run. Any may end while one reads, so there is no promise."""
    found = [process]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children") as stream:
                    found += map(int, stream.read().split())
        except OSError:
            continue
    return found


def memory(process: int) -> float:
    """Bytes of all processes together that they do not share with files, and the largest shared part once."""
    own, shared = 0, 0
    for each in processes_below(process):
        try:
            with open(f"/proc/{each}/statm") as stream:
                _, resident, common, *_ = map(int, stream.read().split())
        except OSError:
            continue
        own, shared = own + resident - common, max(shared, common)
    return (own + shared) * _PAGE


def watch(process: int, ended: threading.Event, peaks: list[float]) -> None:
    while not ended.wait(PAUSE):
        peaks.append(memory(process))


def main() -> int:
    report, *command = sys.argv[1:]
    ended = threading.Event()
    peaks = [0.0]
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    if os.path.isdir("/proc/self"):
        threading.Thread(target=watch, args=(process, ended, peaks), daemon=True).start()
    _, status, used = os.wait4(process, 0)
    clock = time.perf_counter() - began
    ended.set()
    peak = used.ru_maxrss / 1024
    with open(report, "w") as stream:
        print(clock, used.ru_utime + used.ru_stime, max(peak, max(peaks) / 2**20), file=stream)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main() & 255)
