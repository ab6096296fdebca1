"""esbuild as a judge: whether it prints two scripts alike, once it has read them.

One long-lived node process over esbuild's own interface. Knows nothing of minifiers, and shares no code with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.asking import Asking, asking
from tests.lab.corpus import ESBUILD, install

# `minifyWhitespace` alone prints what was read, so that nothing which esbuild's own minifier evens out is overlooked;
# `minify` renames and folds too. Legal comments are not printed, and annotations (`@__PURE__`) are comments.
_PROGRAM = """
const esbuild = require('esbuild');
const common = {loader: 'js', target: 'esnext', charset: 'utf8', legalComments: 'none', ignoreAnnotations: true,
                logLevel: 'silent'};
const modes = [{minifyWhitespace: true}, {minify: true}];
const print = text => Promise.all(modes.map(mode => esbuild.transform(text, {...common, ...mode})))
    .then(printed => ({codes: printed.map(one => one.code)}), error => ({refusal: error.errors[0].text}));
const apart = (one, other) => {
    if (one.refusal || other.refusal) return `refused: ${one.refusal} / ${other.refusal}`;
    for (const [mode, code] of one.codes.entries()) {
        const changed = other.codes[mode];
        if (code === changed) continue;
        let at = 0;
        while (code[at] === changed[at]) at++;
        const near = text => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40));
        return `${near(code)} became ${near(changed)}`;
    }
    return '';
};
const answer = async ([before, ...after]) => {
    const first = await print(before);
    const differences = [];
    for (const text of after) differences.push(apart(first, await print(text)));
    return {refusal: first.refusal ?? '', differences};
};
(async () => {
    for await (const line of require('readline').createInterface({input: process.stdin}))
        process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\\n');
})();
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusal`: why esbuild does not read the first script, or ''.

    `differences`: for each other script, the first place where it is printed otherwise, or ''.
    """

    refusal: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printer:
    ask: Asking

    def compare(self, before: str, *after: str) -> Verdict:
        answer = self.ask([before, *after])
        return Verdict(answer["refusal"], tuple(answer["differences"]))


@contextmanager
def printer(folder: Path) -> Iterator[Printer]:
    """A running esbuild; what it says of itself goes into a file in `folder`."""
    with asking(_PROGRAM, modules=install("npm-esbuild", ESBUILD), log=folder / "esbuild.log") as ask:
        yield Printer(ask)
