"""A YAML text as plain values, and where in it each key and each value stands, so that a message can point at it.

The one module that imports PyYAML, and only when a configuration names a YAML file. Values are those of its safe
loader; what that would not make, such as Python objects, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

Path = tuple[str | int, ...]
Spot = tuple[int, int]
"""A line and a column, from 1."""

_DEEPEST = 200


class YamlError(Exception):
    """A text that is no usable YAML; `spot` is (0, 0) where that is not known. `missing`: PyYAML is not installed."""

    def __init__(self, text: str, spot: Spot = (0, 0), *, missing: bool = False) -> None:
        super().__init__(text)
        self.spot = spot
        self.missing = missing


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The first document of a YAML text."""

    value: object
    keys: dict[Path, Spot] = field(default_factory=dict)
    values: dict[Path, Spot] = field(default_factory=dict)

    def at_key(self, *path: str | int) -> Spot:
        return self.keys.get(path) or self.at_value(*path)

    def at_value(self, *path: str | int) -> Spot:
        """Of a value, or of the nearest that holds it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return (1, 1)


def parse(text: str) -> YamlDocument:
    """Raises `YamlError`."""
    try:
        import yaml
    except ImportError:
        raise YamlError("PyYAML, which reads it, is not installed", missing=True) from None
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return YamlDocument(None)
            document = YamlDocument(None)
            for path, is_key, node in _walk(root):
                spots = document.keys if is_key else document.values
                if is_key and path in spots:
                    raise YamlError(f"the key `{path[-1]}` is there twice", _spot(node.start_mark))
                spots[path] = _spot(node.start_mark)
            return YamlDocument(loader.construct_document(root), document.keys, document.values)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(str(error.problem or error.context), _spot(mark) if mark is not None else (0, 0)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        raise YamlError(f"the character U+{error.character:04X} is not allowed", (line, column)) from None
    except (RecursionError, yaml.YAMLError, ValueError) as error:
        text = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise YamlError(text) from None


def _spot(mark: yaml.Mark) -> Spot:
    return mark.line + 1, mark.column + 1


def _walk(root: yaml.Node) -> Iterator[tuple[Path, bool, yaml.Node]]:
    """Every (path, whether it is a key, node). A node that aliases repeat is met once for each; a loop is an error."""
    import yaml

    waiting: list[tuple[Path, yaml.Node]] = [((), root)]
    count = 0
    while waiting:
        path, node = waiting.pop()
        count += 1
        if len(path) > _DEEPEST or count > 100_000:
            raise YamlError("its anchors and aliases make it endless, or it is too large", _spot(node.start_mark))
        yield path, False, node
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise YamlError("a key must be a string", _spot(key.start_mark))
                if key.tag == "tag:yaml.org,2002:merge":
                    continue  # the safe loader merges; what comes of it stands where the anchor is
                yield (*path, key.value), True, key
                waiting.append(((*path, key.value), value))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, index), item) for index, item in enumerate(node.value)]
