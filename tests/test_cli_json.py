"""`--json`: one document of its schema on stdout, whatever happens."""

from __future__ import annotations

import json

import click
import pytest
from jsonschema import Draft202012Validator

from assetbuild import cli
from assetbuild.build.model import BuildFailed, Place, Problem
from tests.cli_seams import (
    ASSET,
    ERROR,
    EVIL,
    NOTE,
    SCHEMAS,
    USAGE,
    Runner,
    Seams,
    validate,
)

# --- json ------------------------------------------------------------------------------------------------

COMMANDS = [
    (("build",), "build", "build"),
    (("build", "--plan"), "build", "plan"),
    (("build", "--check"), "build", "check_output"),
    (("check",), "check", "check"),
    (("ls",), "ls", "read"),
    (("why", "css/app.css"), "why", "explain"),
    (("verify",), "verify", "verify"),
    (("clean",), "clean", "plan_clean"),
    (("clean", "--dry-run"), "clean", "plan_clean"),
    (("clobber",), "clobber", "apply"),
]


@pytest.mark.parametrize(("command", "schema", "value"), COMMANDS)
def test_json_is_one_document_of_its_schema(
    run: Runner, seams: Seams, command: tuple[str, ...], schema: str, value: str
) -> None:
    seams.problems = (NOTE,)
    ran = run(*command, "--json")
    assert (ran.code, ran.err) == (0, "")
    validate(ran.document, schema)
    assert (ran.document["command"], ran.document["ok"]) == (command[0], True)
    assert [problem["code"] for problem in ran.document["problems"]] == ["two-configs"]
    seams.values[value] = BuildFailed([ERROR, Problem("odd", EVIL + "\udcff", Place(EVIL + "\udcff"))])
    ran = run(*command, "--json")
    assert (ran.code, ran.err, ran.document["ok"]) == (1, "", False)
    assert ran.out.isascii()
    assert [problem["code"] for problem in ran.document["problems"]] == ["two-configs", "missing-reference", "odd"]
    validate(ran.document, schema)


def test_json_holds_what_the_table_shows(run: Runner) -> None:
    document = run("build", "--json").document
    assert document["assets"] == run("ls", "--json").document["assets"]
    assert document["assets"][0]["variants"] == ASSET["variants"]
    assert (document["written"], document["ways"]) == (3, {"rcssmin": {"processed": 1}})
    assert document["changes"][0] == {
        "kind": "new",
        "logical": "css/app.css",
        "old": None,
        "new": ASSET["path"],
        "reasons": ["it is not in the manifest"],
    }


@pytest.mark.parametrize(("arguments", "text", "path"), USAGE)
def test_wrong_usage_is_json_too(run: Runner, arguments: tuple[str, ...], text: str, path: str) -> None:
    ran = run(*arguments, "--json")
    assert (ran.code, ran.err) == (2, "")
    assert ran.document["problems"][0]["code"] == "usage"
    schema = path.removeprefix("assetbuild").strip() or "failure"
    if schema != "init":
        validate(ran.document, schema)


def test_every_schema_is_valid_refuses_what_it_does_not_know_and_has_one_shape_of_problems() -> None:
    schemas = {
        file.stem: json.loads(file.read_text()) for file in sorted(SCHEMAS.glob("*.json")) if file.stem != "manifest"
    }
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        assert schema["$defs"]["problem"] == schemas["failure"]["$defs"]["problem"]
    context = click.Context(cli.entry)
    json_commands = {
        name
        for name in cli.entry.list_commands(context)
        if (command := cli.entry.get_command(context, name)) is not None
        and any("--json" in option.opts for option in command.params)
    }
    assert json_commands | {"failure"} == set(schemas)
