"""One reader under coverage-guided fuzzing (atheris, libFuzzer) for some seconds, from the seeds in `snippets.py`.

    python -m tests.fuzz.run_atheris READER SECONDS FOLDER

What breaks a law is written to FOLDER as `crash-...`, and the exit code is not 0. Ends by the time given, or at the
first break; knows nothing of pytest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["assetbuild"]):
    from tests.fuzz.readers import READERS
from tests.fuzz.snippets import WORDS


def main(name: str, seconds: int, folder: Path) -> None:
    """Does not return: libFuzzer ends the process."""
    reader = next(reader for reader in READERS if reader.name == name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(reader.seeds):
        (corpus / f"seed-{index}").write_bytes(seed)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS if len(word) < 60), "ascii")
    options = [
        f"-max_total_time={seconds}",
        f"-dict={words}",
        f"-artifact_prefix={folder}/",
        "-max_len=400",
        "-timeout=20",
    ]
    atheris.Setup([sys.argv[0], *options, "-verbosity=0", str(corpus)], reader.check)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    """As libFuzzer's dictionaries spell bytes."""
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
