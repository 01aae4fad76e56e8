"""The scripts on machines that lack something: each says what and how to get it; a second call is instant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = (
    "sh", "cat", "cksum", "dirname", "rm", "mkdir", "mktemp", "mv", "tar", "chmod", "sha256sum", "cp", "sed",
    "tail", "grep",
)  # fmt: skip
PYTHON = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
--version) echo "Python $FAKE_VERSION" ;;
*version_info*) [ "$FAKE_VERSION" != 3.9.1 ] ;;
*ensurepip*) [ -z "${FAKE_NO_VENV:-}" ] ;;
"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip install"*) echo "words of pip" && [ -z "${FAKE_NO_NETWORK:-}" ] ;;
esac
"""


class Machine:
    """A project folder with our scripts on a machine that has only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.project, self.bin, self.calls = folder / "a project", folder / "bin", folder / "calls"
        shutil.copytree(ROOT / "scripts", self.project / "scripts")
        shutil.copytree(ROOT / ".ci", self.project / ".ci")
        for path in ROOT.glob("requirements*.lock"):
            shutil.copy(path, self.project)
        self.bin.mkdir()
        self.calls.touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.fail(f"{tool} is needed"))
        self.has("uname", "#!/bin/sh\n[ $1 = -s ] && echo Linux || echo x86_64\n")

    def has(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def replace(self, script: str, content: str) -> None:
        (self.project / script).parent.mkdir(parents=True, exist_ok=True)
        (self.project / script).write_text(f"#!/bin/sh\n{content}\n")
        (self.project / script).chmod(0o755)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        fixed = {"PATH": str(self.bin), "CALLS": str(self.calls), "FAKE_VERSION": "3.12.1", "CDPATH": "/usr"}
        return subprocess.run(
            command,
            cwd=self.project,
            env=fixed | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def installs(self) -> list[str]:
        """The locks that pip was called for, since the last look; it has to check the hashes."""
        lines = self.calls.read_text().splitlines()
        self.calls.write_text("")
        assert all("--require-hashes" in line for line in lines if line.startswith("-m pip install"))
        return [line.split()[-1] for line in lines if line.startswith("-m pip install")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def with_python(machine: Machine) -> Machine:
    machine.has("python3", PYTHON)
    return machine


@pytest.mark.parametrize(
    "script", [*(f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir()), ".ci/run"]
)
def test_scripts_are_plain_shell_and_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text().startswith("#!/bin/sh\n")
    for shell in filter(None, map(shutil.which, ("sh", "dash"))):
        subprocess.run([shell, "-n", script], cwd=ROOT, check=True)


def test_without_python_the_message_says_what_to_install(machine: Machine) -> None:
    done = machine.run("scripts/setup")
    assert done.returncode == 3
    assert "3.11" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr


def test_a_python_that_is_too_old_is_named(with_python: Machine) -> None:
    done = with_python.run("scripts/setup", FAKE_VERSION="3.9.1")
    assert done.returncode == 3
    assert "3.11 or newer is needed, and this machine has Python 3.9.1" in done.stderr


def test_a_newer_python_under_another_name_is_found(with_python: Machine) -> None:
    with_python.has("python3", "#!/bin/sh\nexit 1\n")
    with_python.has("python3.13", PYTHON)
    assert with_python.run("scripts/setup").returncode == 0
    assert with_python.installs() == ["requirements.lock"]


def test_the_variable_python_decides(with_python: Machine) -> None:
    other = with_python.has("other", PYTHON)
    with_python.has("python3", "#!/bin/sh\nexit 1\n")
    assert with_python.run("scripts/setup", PYTHON=str(other)).returncode == 0
    shutil.rmtree(with_python.project / ".venv")
    for bad in ("/nowhere/python", str(with_python.bin / "python3")):
        done = with_python.run("scripts/setup", PYTHON=bad)
        assert done.returncode == 3
        assert bad in done.stderr


def test_a_missing_venv_module_gets_its_remedy(with_python: Machine) -> None:
    done = with_python.run("scripts/setup", FAKE_NO_VENV="1")
    assert done.returncode == 3
    assert "apt install python3-venv" in done.stderr
    assert with_python.installs() == []


def test_a_second_call_starts_at_once(with_python: Machine) -> None:
    assert with_python.run("scripts/setup", "dev").returncode == 0
    assert with_python.installs() == ["requirements-dev.lock"]
    for arguments in (["dev"], []):
        done = with_python.run("scripts/setup", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert with_python.calls.read_text() == ""


def test_what_the_tool_needs_does_not_bring_what_its_tests_need(with_python: Machine) -> None:
    with_python.run("scripts/setup")
    assert with_python.installs() == ["requirements.lock"]
    with_python.run("scripts/setup", "dev")
    assert with_python.installs() == ["requirements-dev.lock"]


def test_what_the_benchmark_needs_holds_what_tests_and_tool_need(with_python: Machine) -> None:
    with_python.run("scripts/setup", "dev")
    assert with_python.installs() == ["requirements-dev.lock"]
    with_python.run("scripts/setup", "bench")
    assert with_python.installs() == ["requirements-bench.lock"]
    for kind in ("run", "dev", "bench"):
        assert with_python.run("scripts/setup", kind).returncode == 0
    assert with_python.installs() == []


def test_the_benchmark_is_set_up_and_gets_its_arguments(with_python: Machine) -> None:
    assert with_python.run("scripts/bench", "load", "--rounds", "1").returncode == 0
    calls = with_python.calls.read_text().splitlines()
    assert calls[-1] == "-m bench.run load --rounds 1"
    assert with_python.installs() == ["requirements-bench.lock"]


@pytest.mark.parametrize(
    ("script", "module", "lock"),
    [("fuzz", "tests.fuzz", "requirements-fuzz.lock"), ("mutants", "tests.mutants", "requirements-dev.lock")],
)
def test_what_tries_the_tests_is_set_up_and_gets_its_arguments(
    with_python: Machine, script: str, module: str, lock: str
) -> None:
    assert with_python.run(f"scripts/{script}", "all", "60").returncode == 0
    assert with_python.calls.read_text().splitlines()[-1] == f"-m {module} all 60"
    assert with_python.installs() == [lock]


def test_the_soak_needs_the_engines_and_gets_its_arguments(with_python: Machine) -> None:
    with_python.replace("scripts/engines", "exit 3")
    assert with_python.run("scripts/soak", "60").returncode == 3
    with_python.replace("scripts/engines", "exit 0")
    assert with_python.run("scripts/soak", "0", "--seed", "7").returncode == 0
    assert with_python.calls.read_text().splitlines()[-1] == "-m tests.faults.soak 0 --seed 7"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_changed_requirements_are_installed_again(with_python: Machine, name: str) -> None:
    with_python.run("scripts/setup", "dev")
    with (with_python.project / name).open("a") as file:
        file.write("# changed\n")
    with_python.installs()
    assert with_python.run("scripts/setup", "dev").returncode == 0
    assert with_python.installs() == ["requirements-dev.lock"]


def test_a_moved_folder_is_set_up_again(with_python: Machine) -> None:
    with_python.run("scripts/setup")
    with_python.installs()
    with_python.project = with_python.project.rename(with_python.project.parent / "moved")
    assert with_python.run("scripts/setup").returncode == 0
    assert with_python.installs() == ["requirements.lock"]


def test_pips_failure_is_shown_and_tried_again(with_python: Machine) -> None:
    done = with_python.run("scripts/setup", FAKE_NO_NETWORK="1")
    assert done.returncode == 3
    assert "words of pip" in done.stderr
    with_python.installs()
    again = with_python.run("scripts/setup")
    assert again.returncode == 0
    assert "words of pip" not in again.stderr
    assert with_python.installs() == ["requirements.lock"]


def test_an_unknown_argument_is_a_usage_error(with_python: Machine) -> None:
    assert with_python.run("scripts/setup", "everything").returncode == 2


def test_engines_without_npm_say_why(machine: Machine) -> None:
    done = machine.run("scripts/engines")
    assert done.returncode == 3
    assert "npm is not installed" in done.stderr
    assert "apt install npm" in done.stderr


def test_engines_on_another_system_say_why(machine: Machine) -> None:
    machine.has("uname", "#!/bin/sh\necho Darwin arm64\n")
    done = machine.run("scripts/engines")
    assert done.returncode == 3
    assert "Linux on x86-64" in done.stderr


def test_an_engine_that_npm_cannot_fetch_shows_npms_words(machine: Machine) -> None:
    machine.has("npm", "#!/bin/sh\necho 'words of npm' >&2\nexit 1\n")
    done = machine.run("scripts/engines")
    assert done.returncode == 3
    assert "words of npm" in done.stderr
    assert list((machine.project / ".engines").iterdir()) == []


def test_an_engine_with_another_checksum_is_refused(machine: Machine) -> None:
    machine.has("npm", "#!/bin/sh\necho other >package.tgz\necho package.tgz\n")
    done = machine.run("scripts/engines")
    assert done.returncode == 3
    assert "not the file this project was tested with" in done.stderr
    assert list((machine.project / ".engines").iterdir()) == []


@pytest.fixture
def prepared(machine: Machine) -> Machine:
    """A machine on which set-up is done, engines are missing, and every tool only says its name."""
    machine.replace("scripts/setup", '[ "$1" = dev ]')
    machine.replace("scripts/engines", "exit 3")
    for tool in ("python", "ruff", "mypy", "lint-imports"):
        machine.replace(f".venv/bin/{tool}", f'echo "{tool} $*"')
    return machine


def test_the_suite_is_style_types_layers_and_then_tests(prepared: Machine) -> None:
    done = prepared.run("scripts/test")
    assert done.returncode == 0
    assert "will be skipped" in done.stderr
    said = [line.strip() for line in done.stdout.splitlines()]
    assert said[:4] == ["ruff check .", "ruff format --check .", "mypy", "lint-imports"]
    assert said[4] == "python -m compileall -q migration_tool tests bench", "each process would do it anew"
    assert said[5:] == ["python -m pytest -n 2 --dist worksteal"]


def test_coverage_is_measured_where_it_is_asked_for(prepared: Machine) -> None:
    done = prepared.run("scripts/test", COVERAGE="1")
    assert "-n 2 --dist worksteal --cov=migration_tool" in done.stdout.splitlines()[-1]


def test_arguments_go_to_pytest_alone(prepared: Machine) -> None:
    done = prepared.run("scripts/test", "tests/x y.py", "-k", "z")
    assert done.stdout == "python -m pytest tests/x y.py -k z\n"


@pytest.mark.parametrize(("user", "there", "calls"), [(0, False, 2), (1000, False, 0), (0, True, 0)])
def test_a_missing_strace_is_installed_by_root(prepared: Machine, user: int, there: bool, calls: int) -> None:
    prepared.has("apt-get", '#!/bin/sh\necho "$*" >>"$CALLS"\n')
    prepared.has("id", f"#!/bin/sh\necho {user}\n")
    if there:
        prepared.has("strace", "#!/bin/sh\n")
    done = prepared.run("scripts/test", "tests/x.py")
    assert (done.returncode, done.stdout) == (0, "python -m pytest tests/x.py\n")
    assert len(said := prepared.calls.read_text().splitlines()) == calls
    assert not said or said[-1] == "-qq install -y --no-install-recommends strace"


def test_a_strace_that_cannot_be_installed_is_left_to_its_tests(prepared: Machine) -> None:
    prepared.has("apt-get", "#!/bin/sh\nexit 100\n")
    prepared.has("id", "#!/bin/sh\necho 0\n")
    assert prepared.run("scripts/test", "tests/x.py").returncode == 0


def test_a_failed_check_fails_the_suite(prepared: Machine) -> None:
    prepared.replace(".venv/bin/mypy", "exit 1")
    done = prepared.run("scripts/test")
    assert done.returncode == 1
    assert "pytest" not in done.stdout


def test_continuous_integration_requires_the_engines(prepared: Machine) -> None:
    assert prepared.run(".ci/run").returncode == 3
    prepared.replace("scripts/engines", "exit 0")
    prepared.replace(".venv/bin/python", 'echo "$REQUIRE_ENGINES"')
    prepared.replace("scripts/audit", "exit 0")
    done = prepared.run(".ci/run")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "1"


@pytest.mark.parametrize(("audited", "code"), [(0, 0), (1, 1), (3, 0)])
def test_continuous_integration_fails_for_a_vulnerability_and_tells_when_nobody_could_be_asked(
    prepared: Machine, audited: int, code: int
) -> None:
    prepared.replace("scripts/engines", "exit 0")
    prepared.replace("scripts/audit", f"exit {audited}")
    done = prepared.run(".ci/run")
    assert done.returncode == code
    assert ("NOT audited" in done.stderr) is (audited == 3)


CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "c is not known there"}


@pytest.mark.parametrize(
    ("pypi", "osv", "code", "said"),
    [
        ([CLEAN], None, 0, "1 releases, 0 not looked up, 0 vulnerabilities"),
        ([CLEAN, BAD], None, 1, "b 2 CVE-1 mended in 3"),
        ([CLEAN, UNKNOWN], [CLEAN, CLEAN], 0, "c is not known there"),
        ([UNKNOWN], [CLEAN], 0, "asking osv"),
        (None, [BAD], 1, "b 2 CVE-1 mended in 3"),
        ([UNKNOWN], None, 3, "no database could look up"),
        (None, None, 3, "no network"),
    ],
)
def test_an_audit_that_could_not_look_is_no_clean_audit(
    prepared: Machine, pypi: list[object] | None, osv: list[object] | None, code: int, said: str
) -> None:
    prepared.replace("scripts/setup", "exit 0")
    for name, releases in (("pypi", pypi), ("osv", osv)):
        if releases is not None:
            (prepared.project / name).write_text(json.dumps({"dependencies": releases}))
    prepared.replace(
        ".venv/bin/python",
        f'[ "$1" = -m ] || exec {sys.executable} "$@"\n'
        '[ -f "$4" ] && cat "$4" || echo "no network" >&2\n'
        '! grep -qs CVE "$4"',
    )
    done = prepared.run("scripts/audit")
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True)
