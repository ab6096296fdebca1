"""Documentation that cannot rot: its sessions are played, and what it names exists, and what exists is named.

The sessions are those of `doc_sessions`. Rules about words are kept in both directions, so that a key, an option or a
module that was removed cannot stay behind in the text.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import jinja2
import pytest

import assetbuild
from assetbuild import Assets, cli
from assetbuild.build import config, config_publish, registry
from assetbuild.build.model import BuildFailed, Severity
from tests.doc_sessions import Block, blocks, matches, run_page, steps

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
IDS = [page.name for page in PAGES]


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{level}}} |\Z)", prose(text), re.DOTALL | re.MULTILINE)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """The words in backticks in the first column of every table."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.replace(r"\|", "|"))]


# --- sessions --------------------------------------------------------------------------------------------

PLAYED = [page for page in PAGES if "```console" in page.read_text("utf-8")]


@pytest.mark.skipif(sys.platform != "linux", reason="the pages use GNU's sed and coreutils")
@pytest.mark.parametrize("page", PLAYED, ids=[page.name for page in PLAYED])
def test_every_command_of_a_page_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    wrong = [
        f"{page.name}:{step.line}: $ {step.command}\n--- the page shows\n{step.expected}\n--- it prints\n{printed}"
        for step, printed in run_page(page.read_text("utf-8"), tmp_path)
        if not matches(step.expected, printed)
    ]
    assert not wrong, "\n\n".join(wrong)


def test_readme_and_tutorial_are_played() -> None:
    assert {"README.md", "tutorial.md"} <= {page.name for page in PLAYED}


def test_every_run_line_of_the_dockerfile_is_played_but_for_pip() -> None:
    page = blocks(text_of("docs/howto-docker.md"))
    (dockerfile,) = (block.text for block in page if block.language == "dockerfile")
    wanted = [line for line in re.findall(r"^RUN (.+)$", dockerfile, re.MULTILINE) if not line.startswith("pip ")]
    played = [
        step.command.partition(" | ")[0] for block in page if block.language == "console" for step in steps(block)
    ]
    assert wanted
    assert [command for command in wanted if command not in played] == []


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a 12 ms", "a 3.4 s", True),
        ("a 12 ms", "a 12 kB", False),
        ("a ... c", "a b c", True),
        ("a ... c", "a b d", False),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a\n...", "b\nc", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("(a.b)", "(a-b)", False),
    ],
)
def test_output_is_compared_but_for_times_and_dots(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) == same


# --- configuration ---------------------------------------------------------------------------------------


def accepted(toml: str, folder: Path) -> set[str]:
    """The keys that the table with the unknown key `zzzz` may have, as the error's hint lists them."""
    (folder / "assetbuild.toml").write_text(toml, "utf-8")
    with pytest.raises(BuildFailed) as failed:
        config.load(None, folder=folder)
    (problem,) = (one for one in failed.value.problems if "`zzzz`" in one.text)
    return set(re.findall(r"`(\w+)`", problem.hint))


def test_every_key_of_the_configuration_is_described_and_no_other() -> None:
    page = text_of("docs/configuration.md")
    described = re.findall(r"^### `(.+)`$", prose(page), re.MULTILINE)
    assert sorted(described) == sorted(config.KEYS)


@pytest.mark.parametrize(
    ("heading", "toml"),
    [
        ("### `sources`", "sources = [{path = 'static', zzzz = 1}]"),
        ("### `bundles`", "[bundles]\n'a.css' = {inputs = ['b.css'], zzzz = 1}"),
        ("### `publish`", "[publish]\nzzzz = 1"),
    ],
)
def test_every_key_of_a_table_is_described_and_no_other(heading: str, toml: str, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    described = first_cells(section(text_of("docs/configuration.md"), heading))
    assert set(described) == accepted(toml, tmp_path)


def test_every_processor_and_option_is_described_and_no_other() -> None:
    part = section(text_of("docs/configuration.md"), "### `processors`")
    options = {name for entry in registry.REGISTERED.values() for name in entry.options}
    assert set(first_cells(part)) == {"css", "js", *options}
    assert all(f"`{name}`" in part for name in registry.REGISTERED)


def test_the_keys_of_publish_are_all_named() -> None:
    part = section(text_of("docs/configuration.md"), "### `publish`")
    assert set(first_cells(part)) == set(config_publish.KEYS)


def toml_blocks() -> Iterator[tuple[str, Block]]:
    for page in PAGES:
        for block in blocks(page.read_text("utf-8")):
            if block.language == "toml":
                yield f"{page.name}:{block.line}", block


TOML = dict(toml_blocks())


@pytest.mark.parametrize("place", TOML)
def test_a_configuration_in_the_docs_loads(place: str, tmp_path: Path) -> None:
    block = TOML[place]
    table = tomllib.loads(block.text)
    if block.info in ("fragment", "mistaken"):
        return
    file = tmp_path / ("pyproject.toml" if block.text.startswith("# pyproject.toml") else "assetbuild.toml")
    file.write_text(block.text, "utf-8")
    table = table.get("tool", {}).get("assetbuild", table)
    for source in table.get("sources", ["static"]):
        path = source if isinstance(source, str) else source.get("path", "")
        if isinstance(source, str) or "package" not in source:
            (tmp_path / path).mkdir(parents=True, exist_ok=True)
    page = next(page for page in PAGES if page.name == place.partition(":")[0])
    for yaml in blocks(page.read_text("utf-8")):
        if yaml.language == "yaml" and yaml.text.startswith(f"# {table.get('webassets')}\n"):
            (tmp_path / table["webassets"]).write_text(yaml.text, "utf-8")
    loaded = config.load(file, folder=tmp_path)
    assert [problem for problem in loaded.problems if problem.severity is not Severity.NOTE] == []


def test_a_block_that_is_marked_as_mistaken_is() -> None:
    mistaken = [block for block in TOML.values() if block.info == "mistaken"]
    assert mistaken
    for block in mistaken:
        assert set(tomllib.loads(block.text)) - set(config.KEYS)


# --- commands --------------------------------------------------------------------------------------------

COMMANDS = cli.entry.list_commands(click.Context(cli.entry))


def test_every_command_is_described_and_no_other() -> None:
    described = re.findall(r"^## `assetbuild (\w+)`$", prose(text_of("docs/commands.md")), re.MULTILINE)
    assert sorted(described) == COMMANDS


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_option_is_described_and_no_other(name: str) -> None:
    command = cli.entry.get_command(click.Context(cli.entry), name) if name else cli.entry
    assert command is not None
    part = section(text_of("docs/commands.md"), f"## `assetbuild {name}`" if name else "## `assetbuild`")
    described = {word.split()[0] for word in first_cells(part)}
    options = {word for option in command.params if isinstance(option, click.Option) for word in option.opts}
    if not name:
        options |= {"--help", "-h"}
    assert described == options
    arguments = [argument.human_readable_name for argument in command.params if isinstance(argument, click.Argument)]
    assert all(f"`{argument}`" in part for argument in arguments)


def test_every_schema_of_a_command_is_linked() -> None:
    page = text_of("docs/commands.md")
    names = sorted(path.name for path in (ROOT / "docs/schemas").glob("*.json"))
    assert [name for name in names if f"(schemas/{name})" not in page] == []


# --- run time --------------------------------------------------------------------------------------------


def test_every_exported_name_is_described() -> None:
    page = text_of("docs/runtime.md")
    assert [name for name in assetbuild.__all__ if f"`{name}`" not in page] == []


def test_every_public_method_of_assets_is_described_and_no_other() -> None:
    part = section(text_of("docs/runtime.md"), "## `Assets`")
    table = part[part.index("| call | gives |") : part.index("`tags`, `preload_tags`")]
    described = {re.split(r"\W", word)[0] for word in first_cells(table)} - {"name", "iter", "len"}
    assert described == {name for name in vars(Assets) if not name.startswith("_")}


def test_every_helper_of_templates_is_described() -> None:
    env = jinja2.Environment(extensions=["assetbuild.jinja.AssetsExtension"])
    helpers = {name for name in env.globals if name.startswith("asset_")}
    part = section(text_of("docs/runtime.md"), "## Jinja2")
    assert helpers
    assert helpers == set(re.findall(r"{{ (asset_\w+)\(", part))


# --- pages -----------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_file() or (anchor and anchor not in anchors(file)):
            wrong.append(target)
    assert wrong == []


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)", text_of("docs/index.md")))
    assert linked == {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_test_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"tests/[\w/]+\.py", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:tmp|home|root|work|Users|mnt|var/folders)/", page.read_text("utf-8"))


def test_every_module_is_named_in_the_architecture_and_no_other() -> None:
    page = text_of("docs/architecture.md")
    named = set(re.findall(r"`(?:build/)?([\w/]+\.py)`", page))
    package = ROOT / "assetbuild"
    modules = {path.name for path in package.rglob("*.py") if path.parent.name != "__pycache__"}
    assert modules - named == set()
    assert {name for name in named if "/" not in name} - modules == set()


def test_every_function_that_the_architecture_sends_a_reader_to_exists() -> None:
    text = section(text_of("docs/architecture.md"), "## Where the next feature goes")
    files = set(re.findall(r"`((?:build/)?\w+\.py)`", text))
    code = "\n".join((ROOT / "assetbuild" / name).read_text("utf-8") for name in sorted(files))
    names = re.findall(r"`(_?[A-Za-z]\w+)`", text)
    assert len(names) > 20
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


def test_the_changelog_has_the_current_version() -> None:
    assert re.search(rf"^## {re.escape(assetbuild.__version__)}\b", text_of("CHANGELOG.md"), re.MULTILINE)


def test_every_module_without_effects_is_held_to_that() -> None:
    """Who adds a module that imports none of these adds it to the contract, so that it stays so."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["name"] == "These modules have no effects")
    effects = set(contract["forbidden_modules"])
    pure = {
        f"assetbuild.build.{path.stem}"
        for path in (ROOT / "assetbuild/build").glob("*.py")
        if path.stem != "__init__" and not effects & _imported(path)
    }
    assert pure == set(contract["source_modules"])


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
