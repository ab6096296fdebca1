"""django-compressor and django-pipeline: what a project's settings and templates say, for `assetbuild init`.

Settings are read from their syntax trees, templates as text; neither Django nor the project is imported.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assetbuild.build.bundle_calls import Found
from assetbuild.build.python_literals import UNKNOWN, bindings, parse, strings, value
from assetbuild.build.webassets_yaml import OldBundle

_IDLE_FILTERS = (
    *("CssAbsoluteFilter", "CssRelativeFilter", "rCSSMinFilter", "CSSMinFilter", "CSSCompressorFilter"),
    *("rJSMinFilter", "JSMinFilter", "SlimItFilter", "CalmjsFilter", "YUICSSFilter", "YUIJSFilter"),
)
"""Filters of django-compressor whose work references and guarded minifiers do."""

_OWN = {
    "COMPRESS_ENABLED": "", "COMPRESS_OFFLINE": "", "COMPRESS_OFFLINE_CONTEXT": "", "COMPRESS_OUTPUT_DIR": "",
    "COMPRESS_ROOT": "", "COMPRESS_CSS_HASHING_METHOD": "", "COMPRESS_REBUILD_TIMEOUT": "", "COMPRESS_STORAGE": "",
    "COMPRESS_PARSER": "", "COMPRESS_CACHE_BACKEND": "", "COMPRESS_OFFLINE_MANIFEST": "", "COMPRESS_MINT_DELAY": "",
    "COMPRESS_CSS_FILTERS": "", "COMPRESS_JS_FILTERS": "", "COMPRESS_FILTERS": "", "COMPRESS_VERBOSE": "",
    "COMPRESS_URL": "set STATIC_URL to it: outputs and other static files have one base",
    "COMPRESS_PRECOMPILERS": "nothing compiles inside templates: run the compilers before `assetbuild build`, "
    'or name the bundles in a webassets file with `filters: libsass` or the like (webassets = "assets.yml")',
    "COMPRESS_COMPRESSORS": "a compressor of your own has no counterpart: run it before `assetbuild build`",
}  # fmt: skip

_PIPELINE_IDLE = ("PIPELINE_ENABLED", "PIPELINE_COLLECTOR_ENABLED", "PIPELINE_ROOT", "PIPELINE_URL", "MIMETYPES",
                  "SHOW_ERRORS_INLINE", "CSS_COMPRESSOR", "JS_COMPRESSOR", "DISABLE_WRAPPER", "STYLESHEETS",
                  "JAVASCRIPT")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """A template: its path, as messages give it, and its text."""

    path: str
    text: str


# --- settings --------------------------------------------------------------------------------------------


def read_settings(text: str, *, path: str) -> Found:
    """The bundles and the notes of a settings module; nothing where it is none of either package's."""
    tree = parse(text) if "compressor" in text or "COMPRESS_" in text or "PIPELINE" in text else None
    if tree is None:
        return Found()
    names = bindings(tree)
    notes = [note for name in sorted(names) for note in _compressor(name, names, path)]
    notes += _packages(names, path)
    found = _pipeline(names, path) if "PIPELINE" in names else Found()
    return Found(found.bundles, (*notes, *found.notes))


def _packages(names: Mapping[str, ast.expr], path: str) -> Iterator[str]:
    """Settings that import a former package: without it, no command of the project would start."""
    for setting in ("INSTALLED_APPS", "STATICFILES_FINDERS", "STORAGES"):
        node = names.get(setting)
        for part in ast.walk(node) if node is not None else ():
            dotted = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
            if dotted.partition(".")[0] in ("compressor", *(["pipeline"] if "PIPELINE" in names else [])):
                yield f"{_at(path, part)}: remove {dotted} from {setting}"


def _at(path: str, node: ast.AST) -> str:
    return f"{path}:{getattr(node, 'lineno', 0)}"


def _compressor(name: str, names: Mapping[str, ast.expr], path: str) -> Iterator[str]:
    if not name.startswith("COMPRESS_"):
        return
    place, found = _at(path, names[name]), value(names[name], names)
    if name in ("COMPRESS_CSS_FILTERS", "COMPRESS_JS_FILTERS", "COMPRESS_FILTERS"):
        listed = [item for group in found.values() for item in group] if isinstance(found, dict) else found
        for dotted in strings(listed) or ("a computed list",):
            if dotted.rpartition(".")[2] not in _IDLE_FILTERS:
                yield f"{place}: the filter {dotted} has no counterpart: run it before `assetbuild build`"
        return
    if name not in _OWN:
        if not name.endswith(("_ARGUMENTS", "_BINARY")):
            yield f"{place}: {name} has no counterpart, and can go"
    elif _OWN[name] and found:
        yield f"{place}: {name}: {_OWN[name]}"


def _pipeline(names: Mapping[str, ast.expr], path: str) -> Found:
    place, settings = _at(path, names["PIPELINE"]), value(names["PIPELINE"], names)
    if not isinstance(settings, dict):
        return Found((), (f"{place}: PIPELINE is computed; write its groups into [bundles] yourself",))
    notes: list[str] = []
    bundles: list[OldBundle] = []
    compilers = settings.get("COMPILERS") or []
    for group in ("STYLESHEETS", "JAVASCRIPT"):
        entries = settings.get(group, {})
        for name, entry in entries.items() if isinstance(entries, dict) else [("", UNKNOWN)]:
            sources = strings(entry.get("source_filenames", [])) if isinstance(entry, dict) else None
            output = entry.get("output_filename") if isinstance(entry, dict) else None
            if sources is None or not isinstance(output, str):
                shown = f'the group "{name}" of' if name else ""
                notes.append(
                    f"{place}: {shown} {group} is computed; write it into [bundles] yourself".replace("  ", " ")
                )
                continue
            filters = _compiled(sources)
            extra = _attributes(entry.get("extra_context") if isinstance(entry, dict) else None, group)
            bundles.append(OldBundle(str(name), output, sources, filters, where=place, attributes=extra))
            if isinstance(entry, dict) and entry.get("variant"):
                notes.append(f'{place}: the variant of the group "{name}" (data URIs) has no counterpart')
    if compilers:
        listed = ", ".join(strings(compilers) or ("computed ones",))
        notes.append(f"{place}: nothing compiles while an app runs: run what {listed} run before `assetbuild build`")
    if bundles and not settings.get("DISABLE_WRAPPER"):
        notes.append(f"{place}: scripts are joined without JS_WRAPPER, so what they declare is global")
    for key in sorted(str(key) for key in settings):
        if key not in (*_PIPELINE_IDLE, "COMPILERS", "JS_WRAPPER") and not key.endswith(("_BINARY", "_ARGUMENTS")):
            notes.append(f"{place}: {key} of PIPELINE has no counterpart")
    return Found(tuple(bundles), tuple(notes))


def _attributes(context: object, group: str) -> str:
    """What django-pipeline's own templates make of `extra_context`."""
    known = context if isinstance(context, dict) else {}
    if group == "STYLESHEETS":
        return f' media="{known.get("media") or "all"}"'
    return "".join(f" {word}" for word in ("async", "defer") if known.get(word))


def _compiled(sources: Iterable[str]) -> tuple[str, ...]:
    """The suffixes of what has to be compiled first."""
    suffixes = {posixpath.splitext(name)[1].lower() for name in sources}
    return tuple(sorted(suffixes - {".css", ".js", ""}))


# --- templates -------------------------------------------------------------------------------------------

_COMPRESS = re.compile(
    r"\{%-?\s*compress\s+(?P<kind>css|js)(?P<rest>[^%]*?)\s*-?%\}(?P<body>.*?)\{%-?\s*endcompress\s*-?%\}", re.DOTALL
)
_LOAD = re.compile(r"\{%-?\s*load\s[^%]*?\b(?P<name>compress|pipeline)\b[^%]*%\}")
_PIPELINE_TAG = re.compile(r"\{%-?\s*(?P<tag>stylesheet|javascript)\s+(?P<q>['\"])(?P<name>[^'\"]+)(?P=q)\s*-?%\}")
_ELEMENT = re.compile(
    r"\s+|<!--(?!\[if).*?-->|\{#.*?#\}"
    r"|<link\b(?P<link>(?:[^<>{]|\{%[^%]*%\}|\{\{[^}]*\}\})*)/?>"
    r"|<script\b(?P<script>(?:[^<>{]|\{%[^%]*%\}|\{\{[^}]*\}\})*)>\s*</script\s*>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""([\w:-]+)(?:\s*=\s*(?:"((?:[^"{]|\{%[^%]*%\}|\{\{[^}]*\}\})*)"|'((?:[^'{]|\{%[^%]*%\}|\{\{[^}]*\}\})*)'|([^\s"'>]+)))?"""
)
_STATIC = re.compile(r"""\{%-?\s*static\s+(?P<q>['"])(?P<name>[^'"]+)(?P=q)\s*-?%\}""")
_PLAIN_STATIC = re.compile(r"(?:/static/|\{\{\s*STATIC_URL\s*\}\})/?(?P<name>[\w./@-]+)")


@dataclass(slots=True)
class _Blocks:
    taken: set[str]
    bundles: list[OldBundle] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_templates(templates: Iterable[Template], *, groups: Iterable[OldBundle], taken: Collection[str]) -> Found:
    """Bundles for `{% compress %}` blocks, and for each block and tag the line to write in its place.

    `groups` are django-pipeline's, `taken` the names that bundles may not have.
    """
    blocks = _Blocks(set(taken))
    known = {(group.output.rpartition(".")[2], group.name): group for group in groups}
    for template in templates:
        for match in _LOAD.finditer(template.text):
            blocks.notes.append(f"{_place(template, match)}: load `static` instead of `{match['name']}`")
        for match in _COMPRESS.finditer(template.text):
            _compress(template, match, blocks)
        for match in _PIPELINE_TAG.finditer(template.text):
            kind = "css" if match["tag"] == "stylesheet" else "js"
            place = _place(template, match)
            group = known.get((kind, match["name"]))
            if group is None:
                blocks.notes.append(f'{place}: there is no group "{match["name"]}" in PIPELINE')
                continue
            line = (_css_line if kind == "css" else _js_line)(group.output, group.attributes)
            blocks.notes.append(f"{place}: instead of {match[0]} write {line}")
    return Found(tuple(blocks.bundles), tuple(blocks.notes))


def _place(template: Template, match: re.Match[str]) -> str:
    first = template.text.count("\n", 0, match.start()) + 1
    last = template.text.count("\n", 0, match.end()) + 1
    return f"{template.path}:{first}" + (f"-{last}" if last > first else "")


def _compress(template: Template, match: re.Match[str], blocks: _Blocks) -> None:
    place, kind = _place(template, match), match["kind"]
    words = match["rest"].split()
    if words and words[0] in ("inline", "preload"):
        blocks.notes.append(
            f"{place}: the mode {words[0]} of {{% compress %}}: write asset_{_OTHER[words[0]]} yourself"
        )
        return
    grouped = _grouped(match["body"], kind)
    if isinstance(grouped, str):
        blocks.notes.append(f"{place}: {{% compress {kind} %}} cannot carry over: {grouped}")
        return
    lines = []
    for extra, files in grouped:
        name = _free(template.path, kind, blocks.taken)
        blocks.bundles.append(OldBundle(name, name, tuple(files), (), where=place))
        lines.append(_css_line(name, extra) if kind == "css" else _js_line(name, extra))
    blocks.notes.append(f"{place}: instead of {{% compress {kind} %}}...{{% endcompress %}} write {' '.join(lines)}")


_OTHER = {"inline": 'inline "..."', "preload": 'preload_tags "..."'}


def _grouped(body: str, kind: str) -> list[tuple[str, list[str]]] | str:
    """Runs of files that become one output each, as in django-compressor: those of one media, `async` or `defer`.

    Or why not: anything but elements of local files is the app's to decide.
    """
    groups: list[tuple[str, list[str]]] = []
    position = 0
    while position < len(body):
        match = _ELEMENT.match(body, position)
        if match is None or match.end() == position:
            shown = " ".join(body[position : position + 60].split())
            way = "write the block inside the tag, once for each branch" if shown.startswith("{%") else (
                "put the code into a file below a source root")  # fmt: skip
            return f"it holds `{shown}`; {way}"
        position = match.end()
        inside = match["link"] if kind == "css" else match["script"]
        if inside is None:
            if match["link"] is not None or match["script"] is not None:
                return f"it holds an element that is no {'style sheet' if kind == 'css' else 'script'}"
            continue
        attributes = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(inside)}
        url = attributes.get("href" if kind == "css" else "src", "")
        name = _STATIC.fullmatch(url.strip()) or _PLAIN_STATIC.fullmatch(url.strip())
        if name is None:
            return f"{url or 'code'} is no local file; write its element outside the block"
        extra = _extra(attributes, kind)
        if extra is None:
            return "it holds an ES module, which is published by itself: write {% asset_tags %} for it"
        if groups and groups[-1][0] == extra:
            groups[-1][1].append(name["name"])
        else:
            groups.append((extra, [name["name"]]))
    return groups or "it is empty"


def _extra(attributes: Mapping[str, str], kind: str) -> str | None:
    if kind == "css":
        return f' media="{attributes["media"]}"' if "media" in attributes else ""
    if attributes.get("type") == "module":
        return None
    return next((f" {word}" for word in ("async", "defer") if word in attributes), "")


def _free(path: str, kind: str, taken: set[str]) -> str:
    stem = re.sub(r"[^\w-]+", "-", posixpath.basename(path).partition(".")[0]).strip("-") or "site"
    numbers = ("", *(f"-{number}" for number in range(2, 1000)))
    name = next(name for number in numbers if (name := f"{kind}/{stem}{number}.{kind}") not in taken)
    taken.add(name)
    return name


def _css_line(name: str, extra: str) -> str:
    return f'<link rel="stylesheet" href="{{% static \'{name}\' %}}" type="text/css"{extra}>'


def _js_line(name: str, extra: str) -> str:
    return f"<script src=\"{{% static '{name}' %}}\"{extra}></script>"
