"""The values that phases hand to each other: frozen, without services, without I/O.

Words are those of docs/architecture.md. A phase that needs a new word adds it here, with one sentence.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assetbuild.build.other_tools import AdoptedBuild, Shape
from assetbuild.build.publish_settings import PublishSettings
from assetbuild.build.webassets_model import Webassets
from assetbuild.errors import AssetbuildError

# --- diagnostics -----------------------------------------------------------------------------------------


class Severity(enum.Enum):
    ERROR = "error"
    """The run fails; nothing is written."""
    WARNING = "warning"
    """The result may not be what was meant; the run goes on."""
    NOTE = "note"
    """Something was decided that the user may want to know."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file. `line` and `column` count from 1, columns in characters; 0 means not known."""

    path: str
    line: int = 0
    column: int = 0
    source_line: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One diagnostic: what is wrong, where, and the next action (`hint`). `code` is stable, kebab-case."""

    code: str
    text: str
    place: Place | None = None
    severity: Severity = Severity.ERROR
    notes: tuple[str, ...] = ()
    hint: str = ""


def place_at(path: str, text: str, offset: int) -> Place:
    """The place of character `offset` of `text`, which was read from `path`."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)].rstrip("\r")
    return Place(path, text.count("\n", 0, offset) + 1, offset - start + 1, line)


def place_in(path: str, lines: Sequence[str], spot: tuple[int, int]) -> Place:
    """The place of a line and a column, from 1, of `lines`, which were read from `path`."""
    line, column = spot
    return Place(path, line, column, lines[line - 1].rstrip() if 0 < line <= len(lines) else "")


class BuildFailed(AssetbuildError):
    """A phase found problems. `exit_code` is 2 when the configuration alone is wrong, else 1."""

    def __init__(self, problems: Iterable[Problem], *, exit_code: int = 1) -> None:
        self.problems = tuple(problems)
        self.exit_code = exit_code
        super().__init__("; ".join(problem.text for problem in self.problems))


# --- configuration ---------------------------------------------------------------------------------------


class TextKind(enum.Enum):
    """The media types whose text is read, joined and processed; the value is the key in `[processors]`."""

    CSS = "css"
    JS = "js"


class Algorithm(enum.Enum):
    """A compression of variants; the value is the word in the config and the key in the manifest."""

    GZIP = "gzip"
    BROTLI = "br"
    ZSTD = "zstd"

    @property
    def suffix(self) -> str:
        return {"gzip": ".gz", "br": ".br", "zstd": ".zst"}[self.value]


class Missing(enum.Enum):
    """What an unresolved reference is."""

    ERROR = "error"
    WARN = "warn"


class Modules(enum.Enum):
    """How relative ES module specifiers are treated."""

    REWRITE = "rewrite"
    """They are rewritten to the hashed neighbour."""
    IMPORTMAP = "importmap"
    """They are left alone and listed in the import map."""


class Licences(enum.Enum):
    """Where the licence comments of a processed text are."""

    KEEP = "keep"
    """In the text, where they stood."""
    FILE = "file"
    """In a text file beside it, which the text's first comment names."""


@dataclass(frozen=True, slots=True)
class RootSpec:
    """An entry of `sources`: `path` as configured, below `package` when that is given; `mount` is '' or 'a/b'.

    `blueprint` is the Flask blueprint whose static folder it is.
    """

    path: str
    mount: str = ""
    package: str = ""
    blueprint: str = ""

    def __str__(self) -> str:
        return f"{self.package}:{self.path}" if self.package else self.path


@dataclass(frozen=True, slots=True)
class ProcessorSpec:
    """A processor by registered name, with its options sorted by key."""

    name: str
    options: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class BundleSpec:
    """An entry of `[bundles]`; `processors` is None when the media type's apply.

    `names` are those that templates may use for it besides its own.
    """

    name: str
    inputs: tuple[str, ...]
    processors: tuple[ProcessorSpec, ...] | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration. Paths are absolute; `root_paths` has one folder per entry of `sources`.

    `digest` identifies everything in it that can change an output, and no path of this machine.
    """

    file: Path
    sources: tuple[RootSpec, ...]
    root_paths: tuple[Path, ...]
    output: Path
    manifest: Path
    digest: str
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()
    compress: tuple[tuple[Algorithm, int], ...] = ((Algorithm.GZIP, 9), (Algorithm.BROTLI, 11))
    missing: Missing = Missing.ERROR
    modules: Modules = Modules.REWRITE
    licences: Licences = Licences.KEEP
    stable: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    processors: Mapping[TextKind, tuple[ProcessorSpec, ...]] = field(
        default_factory=lambda: {
            TextKind.CSS: (ProcessorSpec("rcssmin"),),
            TextKind.JS: (ProcessorSpec("rjsmin"),),
        }
    )
    bundles: tuple[BundleSpec, ...] = ()
    importmap: tuple[tuple[str, str], ...] = ()
    webassets: Webassets = field(default_factory=Webassets)
    other_manifests: tuple[tuple[Shape, Path], ...] = ()
    adopted: tuple[AdoptedBuild, ...] = ()
    cache_size: int = 1 << 30
    """The bytes that results of steps may take in the cache once a build has ended; 0 keeps none."""
    publish: PublishSettings = field(default_factory=PublishSettings)
    problems: tuple[Problem, ...] = ()
    """Warnings and notes found while reading it."""
    places: Mapping[tuple[str, ...], Place] = field(default_factory=dict, compare=False)
    """Where in the file something stands: `("stable", "<glob>")`, `("bundles", "<name>", "<input>")`, ..."""

    def place(self, *path: str) -> Place:
        """The place of a setting, for messages; the file alone where that is not known."""
        return self.places.get(path, Place(str(self.file)))

    @property
    def blueprints(self) -> dict[str, str]:
        """Blueprint -> the mount of its static folder."""
        return {spec.blueprint: spec.mount for spec in self.sources if spec.blueprint}

    @property
    def base(self) -> Path:
        """The folder that the configuration's paths are relative to."""
        return self.file.parent

    @property
    def cache(self) -> Path:
        """The folder of cache and lock; safe to delete."""
        return self.base / ".assetbuild"


# --- sources ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileStat:
    """What the index compares to skip re-hashing: bytes, nanoseconds, inode number.

    `ctime_ns` is kept of sources: it moves also where a copy brings its old mtime with it. 0 where it is not looked at.
    """

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """One file found under a source root. `file` is absolute; `root` is an index into `Config.sources`.

    `data` is the content of what is no file, but was made in this build or stands in a template; `file` says then where
    it would be, or where it stands.
    """

    logical: str
    file: str
    stat: FileStat
    root: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Namespace:
    """All source roots merged.

    `sources` holds every usable file by logical path, published or not; `published` the logical paths of those that
    become outputs by themselves, sorted; `bundles` each bundle's sources, in order: globs and bundles of bundles are
    expanded, and of a source named twice the first place is kept.
    """

    sources: Mapping[str, Source]
    published: tuple[str, ...]
    bundles: Mapping[str, tuple[str, ...]]


# --- references ------------------------------------------------------------------------------------------


class RefKind(enum.Enum):
    """How one asset names another."""

    CSS_URL = "url()"
    """A style sheet's `url()`, or a string of `image-set()`."""
    CSS_IMPORT = "@import"
    JS_IMPORT = "import"
    """A static `import` or re-export: loaded before the module runs."""
    JS_DYNAMIC = "import()"
    JS_URL = "new URL()"
    """`new URL("...", import.meta.url)`, also as the argument of `new Worker`."""
    JS_RESOLVE = "import.meta.resolve()"
    """The URL that a module specifier has; nothing is loaded by it."""
    JS_IMPORT_SCRIPTS = "importScripts()"
    """Classic scripts that a classic worker loads, by URLs relative to the worker's own."""
    SOURCE_MAP = "sourceMappingURL"

    @property
    def is_module_specifier(self) -> bool:
        """Whether browsers resolve it as a module specifier: relative to the module, or through the import map."""
        return self in (RefKind.JS_IMPORT, RefKind.JS_DYNAMIC, RefKind.JS_RESOLVE)

    @property
    def loads_a_module(self) -> bool:
        """Whether what it names is loaded as a module, whatever its syntax."""
        return self in (RefKind.JS_IMPORT, RefKind.JS_DYNAMIC)


@dataclass(frozen=True, slots=True)
class Reference:
    """One place in a text that names another asset.

    `start` and `end` delimit, in characters, what is replaced: the path as written, without quotes and without
    `?query` and `#fragment`. `path` is that slice with the escapes of CSS or JS undone, still percent-encoded.
    `outer_start` and `outer_end` delimit the whole construct: the `url(...)`, the string, the `@import` up to and
    with its semicolon, the source-map comment.
    """

    kind: RefKind
    start: int
    end: int
    path: str
    outer_start: int
    outer_end: int


# --- compiled content ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """The place of a path in a compiled text: the relative URL of `target` once names are known.

    `dotted` asks for a leading `./` or `../`, without which a module specifier would be a bare one.
    """

    target: str
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Compiled text, as pieces between references. Encoded as UTF-8; lone surrogates are bytes that were not."""

    pieces: tuple[str | Link, ...]


@dataclass(frozen=True, slots=True)
class Blob:
    """A file whose bytes are shipped as they are."""

    file: str
    size: int
    sha256: str
    sha384: str
