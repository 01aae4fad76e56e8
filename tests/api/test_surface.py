"""The public names and their signatures: a change here is a change for programs of others."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass

import migration_tool
from migration_tool.api.observer import SILENT, nobody
from tests.cli.test_imports import HEAVY
from tests.conftest import ROOT

NAMES = [
    "About",
    "Claim",
    "Cleared",
    "Config",
    "Design",
    "Examination",
    "Exported",
    "Files",
    "Form",
    "Item",
    "MigrationError",
    "MovingReport",
    "Observer",
    "Overview",
    "Plan",
    "Proposal",
    "Proposals",
    "Question",
    "Reject",
    "Rejected",
    "Report",
    "Shown",
    "Source",
    "Summary",
    "Tuned",
    "__version__",
    "check",
    "export",
    "info",
    "look",
    "plan",
    "policy",
    "propose",
    "query",
    "rejects",
    "repair",
    "reset",
    "resume",
    "retry_rejects",
    "run",
    "show",
    "status",
    "to_html",
    "to_json",
    "tune",
    "validate",
    "write_files",
    "write_sample",
]
SIGNATURES = """
Config.load(path: 'str | os.PathLike[str]') -> 'Config'
Config.of(source_db: 'str | os.PathLike[str]', designs: 'Iterable[Named]', *, \
folder: 'str | os.PathLike[str]' = '.', endpoint: 'str' = 'aws', table_prefix: 'str' = '', \
**settings: 'Any') -> 'Config'
Config.save(self, replace: 'bool' = False) -> 'Path'
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
check(config: 'Config', *, data: 'bool' = True) -> 'Examination'
export(config: 'Config', form: 'str', *, items: 'int | None' = None) -> 'Exported'
info(config: 'Config') -> 'About'
look(config: 'Config', *, since: 'int | None' = None, observer: 'validating.Watcher' = SILENT) \
-> 'MovingReport'
plan(config: 'Config', *, wcu: 'int' = 4000, reads_per_second: 'float' = 10, writes_per_second: 'float' = 1, \
current_monthly: 'float | None' = None) -> 'Plan'
policy(config: 'Config', command: 'str', *, account: 'str | None' = None) -> 'Mapping[str, Any]'
propose(source_db: 'str | PathLike[str]', *, kinds: 'Sequence[str]' = (), \
queries: 'str | PathLike[str] | None' = None, aws_region: 'str' = 'us-east-1', \
prices: 'str | PathLike[str] | None' = None) -> 'Proposals'
query(config: 'Config', design: 'str', pattern: 'str', /, **parameters: 'Scalar') \
-> 'Iterator[dict[str, Any]]'
rejects(config: 'Config', *, examples: 'int | None' = None, observer: 'Observer' = SILENT) -> 'Rejected'
repair(config: 'Config', *, delete_extra: 'bool' = False, dry_run: 'bool' = False, \
confirm: 'Confirm' = nobody, processes: 'int | None' = None, \
observer: 'repairing.Watcher' = SILENT) -> 'Report'
reset(config: 'Config', *, dry_run: 'bool' = False, confirm: 'Confirm' = nobody) -> 'Cleared'
resume(config: 'Config', *, accept: 'Iterable[str]' = (), confirm: 'Confirm' = nobody, \
observer: 'phases.Observer' = SILENT, take_over: 'bool' = False) -> 'Summary | None'
retry_rejects(config: 'Config', *, accept: 'Iterable[str]' = (), confirm: 'Confirm' = nobody, \
observer: 'phases.Observer' = SILENT, take_over: 'bool' = False) -> 'Summary | None'
run(config: 'Config', *, force: 'bool' = False, confirm: 'Confirm' = nobody, \
observer: 'phases.Observer' = SILENT, take_over: 'bool' = False, \
importing: 'Form | None' = None) -> 'Summary'
show(config: 'Config') -> 'Shown'
status(config: 'Config', *, observer: 'Observer' = SILENT) -> 'Overview'
to_html(result: 'Report | Shown') -> 'str'
to_json(result: 'Result | Report') -> 'str'
tune(config: 'Config', *, max_wcu: 'str | None' = None, paused: 'bool | None' = None, \
timeout: 'float' = 5) -> 'Tuned'
validate(config: 'Config', *, calls: 'int | None' = 10, indexes: 'bool' = True, fresh: 'bool' = False, \
claim: 'Claim | None' = None, go_on: 'bool' = False, processes: 'int | None' = None, \
observer: 'validating.Watcher' = SILENT) -> 'Report'
write_files(config: 'Config', folder: 'str | PathLike[str]', *, \
form: 'Form' = Form(compression='gzip', part_bytes=1073741824), force: 'bool' = False, \
confirm: 'Confirm' = nobody, observer: 'phases.Observer' = SILENT) -> 'Files'
write_sample(path: 'str | PathLike[str]', *, scale: 'int' = 1, force: 'bool' = False) -> 'Path'
"""
ATTRIBUTES = {
    "About": {"config", "designs", "problems", "settings", "source", "target", "to_json", "versions"},
    "Cleared": {"removed", "runs"},
    "Claim": {"at_most", "confidence", "seed", "shares", "size"},
    "Examination": {"designs", "notices", "ok", "require_sound", "source", "to_json"},
    "Exported": {"left_out", "text"},
    "Files": {"folder", "manifest", "rejects"},
    "Form": {"compression", "part_bytes"},
    "Plan": {
        "items",
        "months",
        "priced",
        "prices",
        "recommended",
        "refused",
        "region",
        "source",
        "tables",
        "to_json",
    }
    | {"unpriced", "ways", "wishes", "write_units"},
    "Proposal": {"answered", "files", "kind", "monthly", "order", "prediction", "rank", "save", "tables"}
    | {"title", "to_json", "unanswered"},
    "Proposals": {"best", "impossible", "left_out", "only", "ranked", "relations", "source", "to_json"},
    "Rejected": {"groups", "rows", "run_id", "to_json"},
    "Tuned": {"checkpoint", "in_force", "to_json", "wish"},
    "Shown": {"diagram", "source", "tables", "to_json"},
    "Design": {"access_patterns", "entities", "fingerprint", "items", "name", "path", "table"},
    "Item": {"attributes", "content", "entity", "json", "key", "size", "wire"},
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
    return path + text.replace(repr(SILENT), "SILENT").replace(repr(nobody), "nobody")


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
    found = [getattr(migration_tool, name) for name in NAMES]
    for function in (*filter(inspect.isfunction, found), migration_tool.Config.of):
        words |= set(inspect.signature(function).parameters)
    public = {word for word in words if not word.startswith("_")}
    assert [word for word in sorted(public) if not re.search(rf"`[^`]*\b{word}\b", text)] == []
