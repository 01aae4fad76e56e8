"""The public names and their signatures: a change here is a change for programs of others."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass

import migration_tool
from tests.cli.test_imports import HEAVY
from tests.conftest import ROOT

NAMES = [
    "Config",
    "Design",
    "Item",
    "MigrationError",
    "Observer",
    "Question",
    "Reject",
    "Report",
    "Source",
    "Summary",
    "__version__",
    "resume",
    "run",
    "validate",
]
SIGNATURES = """
Config.load(path: 'str | os.PathLike[str]') -> 'Config'
Config.of(source_db: 'str | os.PathLike[str]', designs: 'Iterable[Named]', *, \
folder: 'str | os.PathLike[str]' = '.', endpoint: 'str' = 'aws', table_prefix: 'str' = '', \
**settings: 'Any') -> 'Config'
Design(path: 'str | PathLike[str]') -> 'None'
Design.items(self, source: 'Source', entities: 'Sequence[str] | None' = None, \
rejected: 'Callable[[Reject], object] | None' = None, allow_code: 'bool' = False) -> 'Iterator[Item]'
Observer.checked(self, table: 'str', done: 'int', total: 'int') -> 'None'
Observer.copied(self, done: 'int', total: 'int') -> 'None'
Observer.notice(self, text: 'str') -> 'None'
Observer.phase(self, name: 'str') -> 'None'
Observer.progress(self, checkpoint: 'Checkpoint') -> 'None'
Observer.stopping(self) -> 'bool'
Source(path: 'str | PathLike[str]') -> 'None'
Source.close(self) -> 'None'
Source.count(self) -> 'Mapping[str, int]'
resume(config: 'Config', *, accept: 'Iterable[str]' = (), confirm: 'Confirm' = _nobody, \
observer: 'migrating.Observer' = SILENT, take_over: 'bool' = False) -> 'Summary | None'
run(config: 'Config', *, force: 'bool' = False, confirm: 'Confirm' = _nobody, \
observer: 'migrating.Observer' = SILENT, take_over: 'bool' = False) -> 'Summary'
validate(config: 'Config', *, calls: 'int | None' = 10, indexes: 'bool' = True, fresh: 'bool' = False, \
processes: 'int | None' = None, observer: 'validating.Watcher' = SILENT) -> 'Report'
"""
ATTRIBUTES = {
    "Design": {"access_patterns", "entities", "fingerprint", "items", "name", "path", "table"},
    "Item": {"attributes", "entity", "json", "key", "size", "wire"},
    "Source": {"close", "count", "path", "tables"},
    "Summary": {"checkpoint", "rejects", "report", "run_id", "seconds"},
    "Reject": {
        "attempts",
        "entity",
        "reason",
        "row",
        "rule",
        "source_key",
        "source_table",
        "table",
    },
    "Question": {"facts", "obj", "operation", "text"},
    "MigrationError": {"cause", "exit_code", "faults", "hint", "obj", "operation"},
    "Report": {"checked_at", "endpoint", "items_ok", "ok", "repair", "run_id", "sampled", "source", "summary"}
    | {"tables"},
}


def test_the_names() -> None:
    assert sorted(migration_tool.__all__) == sorted(NAMES)
    assert set(NAMES) <= set(dir(migration_tool))
    assert all(getattr(migration_tool, name) is not None for name in NAMES)
    assert inspect.isfunction(migration_tool.run) and inspect.isfunction(migration_tool.validate)


def signature(path: str) -> str:
    found = migration_tool
    for name in path.split("."):
        found = getattr(found, name)
    text = str(inspect.signature(found))  # type: ignore[arg-type]  # each is a function or a class
    return path + text.replace(repr(migration_tool.api._SILENT), "SILENT").replace(
        repr(migration_tool.api._nobody), "_nobody"
    )


def test_the_signatures() -> None:
    wanted = SIGNATURES.strip().splitlines()
    assert [signature(line.partition("(")[0]) for line in wanted] == wanted


def test_the_attributes() -> None:
    for name, wanted in ATTRIBUTES.items():
        found = getattr(migration_tool, name)
        own = {word for word in vars(found) if not word.startswith("_")}
        own |= {field.name for field in fields(found)} if is_dataclass(found) else set()
        instance = {"Source": {"path"}, "MigrationError": {"operation", "obj", "cause", "hint", "faults"}}
        assert own | instance.get(name, set()) == wanted, name


def test_the_package_says_that_it_is_typed_and_a_checker_sees_what_is_imported() -> None:
    tree = ast.parse((ROOT / "migration_tool/__init__.py").read_text("utf-8"))
    (seen,) = [node.body for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in seen if isinstance(node, ast.ImportFrom)]
    rooms = {node.names[0].asname: f"{node.module}" for node in imports}
    assert rooms == {name: f"migration_tool.{room}" for name, room in migration_tool._ROOMS.items()}
    assert (ROOT / "migration_tool/py.typed").exists()


def test_an_unknown_name_is_told_as_of_any_module() -> None:
    program = "import migration_tool, pytest\nwith pytest.raises(AttributeError, match='nothing_such'):\n"
    subprocess.run([sys.executable, "-c", f"{program}    migration_tool.nothing_such"], cwd=ROOT, check=True)


def test_the_import_alone_brings_nothing() -> None:
    program = "import migration_tool, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert not {name.partition(".")[0] for name in modules} & (HEAVY | {"click", "sqlite3"})
    assert {name for name in modules if name.startswith("migration_tool.")} == set()


def test_run_stays_the_function_whatever_is_imported() -> None:
    """A module of the same name would take its place in the package as soon as it is imported."""
    modules = {path.stem for path in (ROOT / "migration_tool").iterdir() if path.suffix in ("", ".py")}
    assert not modules & set(NAMES)


def test_all_of_it_is_described() -> None:
    text = (ROOT / "docs/python.md").read_text("utf-8")
    words = {
        *NAMES,
        *dir(migration_tool.Observer),
        *ATTRIBUTES["Design"],
        *ATTRIBUTES["Item"],
        *ATTRIBUTES["Source"],
    }
    for function in (
        migration_tool.run,
        migration_tool.resume,
        migration_tool.validate,
        migration_tool.Config.of,
    ):
        words |= set(inspect.signature(function).parameters)
    public = {word for word in words if not word.startswith("_")}
    assert [word for word in sorted(public) if not re.search(rf"`[^`]*\b{word}\b", text)] == []
