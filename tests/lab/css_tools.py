"""lightningcss and css-tree as judges: whether each reads two style sheets alike.

One long-lived node process. Knows nothing of minifiers, and shares no code with them. css-tree keeps every spelling, so
what the standards call the same is brought to its longest form here, from their words and not from our tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.asking import Asking, asking
from tests.lab.corpus import install

TOOLS: Mapping[str, str] = {"lightningcss": "1.33.0", "css-tree": "3.2.1"}

_PROGRAM = r"""
const lightning = require('lightningcss');
const tree = require('css-tree');

// Where neither reads the parts of a value (in `var()` and what stands beside it), both keep white space that means
// nothing: before a semicolon, next to a comma or string and, in `calc()`, to an operator that needs none; lightningcss
// so keeps it in queries that it cannot read. In custom properties they keep it rightly.
const STRING = String.raw`"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'`;
const CUSTOM = String.raw`(?<=[;{]\s*)--[\w-]+:(?:${STRING}|[^;{}"'])*`;
const CALC = String.raw`calc\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)`;
const SQUEEZED = new RegExp(
    String.raw`(${CUSTOM})|\s*([;,}])\s*(?!\))|(?<=\))\s+(?=")|(${STRING})\s*|${CALC}|@media[^{;]*`, 'g');
const squeezed = text => text.replace(SQUEEZED, (whole, custom, mark, string) =>
    custom ?? mark ?? string ?? whole.replace(/\s*([*\/,])\s*(?!\))|(:)\s+/g, '$1$2').trimStart());

const unlicensed = code => code.replace(/^(?:\/\*![^]*?\*\/\n?)*/, '');
// Until it finds nothing more to merge. Of the comments it keeps the licences before all.
const transform = (text, options) => {
    const minify = code =>
        lightning.transform({filename: 'a.css', code, minify: true, ...options}).code;
    const printed = minify(Buffer.from(text));
    let last = printed, code = minify(printed);
    for (let times = 0; times < 9 && !code.equals(last); times++) [last, code] = [code, minify(code)];
    code = squeezed(unlicensed(code.toString()));
    return {printed: printed.toString(), code};
};
const print = text => {
    try { return {...transform(text, {}), refusal: ''}; }
    catch (error) {
        try { return {...transform(text, {errorRecovery: true}), refusal: String(error.message)}; }
        catch (fatal) { return {printed: '', code: null, refusal: String(fatal.message)}; }
    }
};

// --- css-tree: the whole tree, with equal spellings brought to the longest ---
const HEX = /^(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i;
const number = text => /e/i.test(text) ? text
    : text.replace(/^([+-]?)0*(?=[0-9.])/, '$1').replace(/^([+-]?)\./, '$10.').replace(/(\.[0-9]*?)0+$/, '$1');
const sides = value => {
    const words = value.children?.toArray() ?? [];
    if (words.length < 1 || words.length > 4 || words.some(word => word.type === 'Operator')) return;
    const [top, right = top, bottom = top, left = right] = words;
    value.children = new tree.List().fromArray([top, right, bottom, left].map(tree.clone));
};
const FOUR = /^(?:margin|padding|inset|scroll-margin|scroll-padding|border-(?:width|style|color|radius))$/;
const FLEX = {none: ['0', '0'], auto: ['1', '1']};
const flex = value => {
    const words = value.children?.toArray() ?? [];
    if (words.length !== 1 || !FLEX[words[0].name]) return;
    const [grow, shrink] = FLEX[words[0].name].map(text => ({type: 'Number', value: text}));
    value.children = new tree.List().fromArray([grow, shrink, {type: 'Identifier', name: 'auto'}]);
};
// A rule within a rule that begins with no `&` is one piece of text to css-tree, so it is read by itself.
const nested = node => {
    const inner = tree.parse(node.value);
    const first = inner.children.first;
    if (inner.children.size > 1 || first?.type !== 'Raw') node.value = read(node.value).code;
};
const plain = (node, declaration) => {
    if (node.type === 'Number' || node.type === 'Percentage') {
        const integer = !node.value.includes('.');
        node.value = number(node.value);
        if (node.type === 'Number' && !integer) node.value = node.value.replace(/\.$/, '.0');
        if (node.type === 'Percentage') node.value = node.value.replace(/\.$/, '');
    } else if (node.type === 'Dimension') {
        node.value = number(node.value).replace(/\.$/, '');
        if (node.value === '0' && node.unit.toLowerCase() === 'px') {
            node.type = 'Number';
            delete node.unit;
        }
    } else if (node.type === 'Hash' && HEX.test(node.value)) {
        const digits = node.value.toLowerCase();
        node.value = digits.length < 6 ? digits.replace(/./g, '$&$&') : digits;
    } else if (node.type === 'AttributeSelector' && node.value?.type === 'String') {
        node.value = {type: 'Identifier', name: node.value.value};
    } else if (node.type === 'PseudoClassSelector' && /^(?:before|after|first-l(?:ine|etter))$/.test(node.name)) {
        node.type = 'PseudoElementSelector';
    } else if (node.type === 'Declaration' && node.value.type === 'Value') {
        if (FOUR.test(node.property)) sides(node.value);
        if (node.property === 'flex') flex(node.value);
    } else if (node.type === 'Raw') {
        node.value = node.value.replace(/\/\*[^]*?\*\//g, '').replace(/\s+/g, ' ').trim();
        if (declaration && !declaration.property.startsWith('--')) node.value = squeezed(node.value);
        else if (!declaration && /[{]/.test(node.value)) nested(node);
    }
};
// Neighbouring rules of one selector, or of one body where every browser reads the selectors. Whether that is right
// lightningcss judges, which does the same in its own way.
const PLAIN = /^(?:(?:Type|Class|Id|Attribute)Selector|Combinator|Selector)$/;
const PSEUDO = new RegExp('^(?:active|checked|disabled|empty|enabled|(?:first|last|only)-(?:child|of-type)|focus|hover'
    + '|link|root|target|visited|nth-child|not|before|after|first-line|first-letter)$');
const NTH = /^(?:Nth|AnPlusB|Identifier|String|SelectorList)$/;
const known = list => {
    let all = true;
    tree.walk(list, node => {
        all &&= PLAIN.test(node.type) || NTH.test(node.type)
            || (/^Pseudo/.test(node.type) && PSEUDO.test(node.name));
        if (node.type === 'AttributeSelector') all &&= !node.flags && !/[|]/.test(node.name.name);
        if (node.type === 'TypeSelector') all &&= !node.name.includes('|');
        if (node.type === 'ClassSelector' || node.type === 'IdSelector') all &&= /^-?[a-z_][\w-]*$/i.test(node.name);
        if (node.type === 'Nth') all &&= !node.selector;
    });
    return all;
};
const HOLDERS = /^(?:media|supports|container|layer)$/;
const plainRule = node => node?.type === 'Rule' && node.block.children.size > 0
    && node.block.children.toArray().every(one => one.type === 'Declaration');
const same = (one, other) => JSON.stringify(tree.toPlainObject(tree.clone(one)), unplaced)
    === JSON.stringify(tree.toPlainObject(tree.clone(other)), unplaced);
const unplaced = (key, value) => key === 'loc' ? undefined : value;
const merge = children => {
    const rules = [];
    for (let rule of children.toArray()) {
        for (let last = rules.at(-1); plainRule(rule) && plainRule(last); last = rules.at(-1)) {
            if (same(last.prelude, rule.prelude)) last.block.children.appendList(rule.block.children);
            else if (same(last.block, rule.block) && known(last.prelude) && known(rule.prelude))
                last.prelude.children.appendList(rule.prelude.children);
            else break;
            rule = rules.pop();
        }
        rules.push(rule);
    }
    children.fromArray(rules);
    for (const rule of rules)
        if (rule.type === 'Atrule' && HOLDERS.test(rule.name) && rule.block) merge(rule.block.children);
};
const read = text => {
    const broken = [];
    const ast = tree.parse(text, {onParseError: error => broken.push(error.message)});
    tree.walk(ast, {leave(node, item, list) {
        if (list && (node.type === 'Comment' || node.type === 'WhiteSpace')) list.remove(item);
        else plain(node, this.declaration);
    }});
    merge(ast.children);
    const code = JSON.stringify(tree.toPlainObject(ast), unplaced);
    return {code, refusal: broken[0] ?? ''};
};

const apart = (one, other) => {
    if (one.code === other.code) return '';
    if (one.code === null || other.code === null) return `refused: ${one.refusal} / ${other.refusal}`;
    let at = 0;
    while (one.code[at] === other.code[at]) at++;
    const near = text => JSON.stringify(text.slice(Math.max(0, at - 100), at + 60));
    return `${near(one.code)} became ${near(other.code)}`;
};
const answer = ([before, ...after]) => {
    const printed = print(before), parsed = read(before);
    return {
        printed: [printed.printed, unlicensed(printed.printed)],
        refusals: [printed.refusal, parsed.refusal],
        lightningcss: after.map(text => apart(printed, print(text))),
        csstree: after.map(text => apart(parsed, read(text))),
    };
};
(async () => {
    for await (const line of require('readline').createInterface({input: process.stdin}))
        process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
})();
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What lightningcss makes of the first sheet, and, of the others, the first place where a judge sees a difference.

    `printed` is its result, `code` that without licences. The refusals say what a judge could not read of the first
    sheet; it goes on without it.
    """

    printed: str
    code: str
    lightning_refusal: str
    tree_refusal: str
    lightningcss: tuple[str, ...]
    csstree: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judges:
    ask: Asking

    def compare(self, before: str, *after: str) -> Verdict:
        answer = self.ask([before, *after])
        printed, code = answer["printed"]
        unread, recovered = answer["refusals"]
        return Verdict(printed, code, unread, recovered, tuple(answer["lightningcss"]), tuple(answer["csstree"]))


@contextmanager
def judges(folder: Path) -> Iterator[Judges]:
    """Both, running; what they say of themselves goes into a file in `folder`."""
    with asking(_PROGRAM, modules=install("npm-css", TOOLS), log=folder / "css_tools.log") as ask:
        yield Judges(ask)
