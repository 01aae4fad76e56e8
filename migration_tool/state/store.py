"""State files on disk: found, read, written, backed up and removed.

- `<run>.json` the state; `<run>.json.1` to `.3` its backups, newest first
- `<run>.rejects.jsonl` rejected rows; `.<n>` after it while it is rewritten
- `<run>.snapshot.sqlite` the private copy of the source
- `<run>.repairs.jsonl` what repairs of its tables have replaced
- `<run>.import.json` what its import from S3 has to remember; `<run>.parts` the files of that
- `<run>.control.json` what the user wishes of the run while it runs
- `<run>.validate.json` how far a validation is; `<run>.checked.json` the state last found in the tables
- `.lock` held by the process that works on the folder
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from migration_tool.errors import StateError
from migration_tool.model import Reject
from migration_tool.state import backups, files
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.control import SUFFIX as CONTROL
from migration_tool.state.envelope import MAX_BYTES, NewerVersionError, seal, unseal
from migration_tool.state.fields import DamagedError
from migration_tool.state.lock import hold
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.state.run_ids import PATTERN, new_run_id, started

BACKUP_SECONDS = 5.0
"""The least time between two backups of one run."""

_STATE_FILE = re.compile(rf"({PATTERN})\.json(?:\.[0-9])?")
_TEMPORARY = re.compile(rf"\.{PATTERN}(?:\.[a-z]+)+(?:\.[0-9]+)?\.[0-9a-f]+\.tmp")
_WRITABLE = "free space there or make it writable, then: migrate.py resume"


@dataclass
class _Known:
    """What this process last read or wrote of a run, and when it last made a backup (monotonic seconds)."""

    checkpoint: Checkpoint
    data: bytes
    backed_up: float = float("-inf")


class StateStore:
    """The state folder. `warnings` tells what was repaired while reading; show it to the user."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the folder for this process. Raises StateError naming the holder where another has it."""
        with hold(self.folder / ".lock"):
            self._sweep()
            yield

    def new_run_id(self, now: float) -> str:
        """A name that sorts after every run in the folder, whatever the clock does; `now` in unix seconds."""
        return new_run_id(now, next(iter(self.runs()), None))

    def runs(self) -> list[str]:
        """Every run with a state file or a backup, newest first."""
        matches = (_STATE_FILE.fullmatch(name) for name in self._names())
        return sorted({m[1] for m in matches if m and started(m[1])}, reverse=True)

    def latest(self) -> Checkpoint | None:
        """The newest run, read as `load` does; None where there is none."""
        runs = self.runs()
        return self.load(runs[0]) if runs else None

    def load(self, run_id: str) -> Checkpoint:
        """The state of a run; from its newest sound backup, with a warning, where the file is damaged.

        Raises StateError where nothing sound is left, for a newer format and for another run's content.
        """
        faults: list[str] = []
        for path in self._candidates(run_id):
            try:
                known = self._read(path, run_id)
            except DamagedError as damage:
                faults.append(f"{path.name}: {damage.obj} {damage.cause}")
                continue
            except FileNotFoundError:
                continue
            self._warn_of_backup(path, known.checkpoint, faults)
            self._known[run_id] = known
            return known.checkpoint
        cause = "no sound state file or backup is left" if faults else "there is no such run"
        hint = "migrate.py reset clears the run, migrate.py migrate starts again"
        raise StateError("read the saved state", self.folder / f"{run_id}.json", cause, hint, faults)

    def generations(self, run_id: str) -> dict[int, Checkpoint]:
        """Every state of the run that is still at hand and sound, by its generation."""
        found = {}
        for path in (*self._candidates(run_id), self.checked_path(run_id)):
            with suppress(DamagedError, FileNotFoundError):
                checkpoint = self._read(path, run_id).checkpoint
                found[checkpoint.generation] = checkpoint
        return found

    def keep_checked(self, checkpoint: Checkpoint) -> None:
        """Keeps this state at hand until another is kept, whatever the backups do. Raises StateError."""
        path = self.checked_path(checkpoint.run_id)
        files.write_whole(path, seal(checkpoint), "keep the checked state", _WRITABLE)

    def save(self, checkpoint: Checkpoint) -> Checkpoint:
        """Writes the next generation; it is durable when this returns.

        Raises StateError, with the earlier file untouched, where that is impossible or where the checkpoint
        is not the one this folder saw last.
        """
        known = self._last_seen(checkpoint)
        saved = replace(checkpoint, generation=checkpoint.generation + 1, updated_at=self._clock())
        data = _sound(saved)
        path = self._path(saved.run_id)
        files.require_regular(path, "save the state")
        with files.naming("save the state", path, _WRITABLE):
            files.make_folder(self.folder)
            temporary = files.write_temporary(path, data)
            try:
                backed_up = self._back_up(path, known, saved)
            except BaseException:
                files.discard(temporary)
                raise
            files.put_in_place(temporary, path)
        self._known[saved.run_id] = _Known(saved, data, backed_up)
        return saved

    def files(self, run_id: str) -> list[Path]:
        """Everything in the folder that belongs to a run; the state file comes last."""
        path = self._path(run_id)
        own = (n for n in self._names() if n.startswith((f"{run_id}.", f".{run_id}.")))
        return sorted((self.folder / name for name in own), key=lambda p: (p == path, p.name))

    def remove(self, run_id: str) -> list[Path]:
        """Deletes `files`, the state file last, and returns them. Raises StateError."""
        paths = self.files(run_id)
        for path in paths:
            with files.naming("remove the state", path, "make the state folder writable"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with files.naming("remove the state", self.folder, "make the state folder writable"):
            if paths:
                files.sync_folder(self.folder)
        self._known.pop(run_id, None)
        return paths

    def rejects_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".rejects.jsonl")

    def reject_log(self, checkpoint: Checkpoint) -> RejectLog:
        """The reject file, to be written on from where the checkpoint is. Raises StateError."""
        path = self.rejects_path(checkpoint.run_id)
        return RejectLog(path, checkpoint.rejects_bytes, checkpoint.rejects_rewrites)

    def rejects(self, checkpoint: Checkpoint) -> Iterator[Reject]:
        """The rejected rows that the checkpoint knows of. Raises StateError."""
        path = self.rejects_path(checkpoint.run_id)
        return read_rejects(path, checkpoint.rejects_bytes, checkpoint.rejects_rewrites)

    def repairs_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".repairs.jsonl")

    def import_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".import.json")

    def parts_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".parts")

    def snapshot_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".snapshot.sqlite")

    def control_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(CONTROL)

    def validation_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".validate.json")

    def checked_path(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".checked.json")

    def _path(self, run_id: str) -> Path:
        if not re.fullmatch(PATTERN, run_id) or not started(run_id):
            raise StateError("find the run", repr(run_id), "this is not the name of a run")
        return self.folder / f"{run_id}.json"

    def _candidates(self, run_id: str) -> list[Path]:
        path = self._path(run_id)
        return [path, *backups.backups(path)]

    def _names(self) -> list[str]:
        with files.naming("read the state folder", self.folder, "make the state folder readable"):
            try:
                return [entry.name for entry in self.folder.iterdir()]
            except FileNotFoundError:
                return []

    def _sweep(self) -> None:
        """Deletes what writers killed half-way left behind."""
        for name in self._names():
            if _TEMPORARY.fullmatch(name):
                files.discard(self.folder / name)

    def _read(self, path: Path, run_id: str) -> _Known:
        files.require_regular(path, "read the saved state")
        try:
            data = files.read_whole(path, MAX_BYTES)
        except PermissionError as error:
            raise StateError("read the saved state", path, "permission denied", "make it readable") from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise DamagedError("file", str(error.strerror or error)) from error
        try:
            checkpoint = unseal(data)
        except NewerVersionError as error:
            raise StateError(error.operation, path, error.cause, error.hint) from error
        if checkpoint.run_id != run_id:
            cause = f"it holds the state of another run, {checkpoint.run_id}"
            raise StateError("read the saved state", path, cause, "give the file the name of its run again")
        return _Known(checkpoint, data)

    def _warn_of_backup(self, path: Path, checkpoint: Checkpoint, faults: list[str]) -> None:
        if path == self._path(checkpoint.run_id):
            return
        why = "; ".join(faults) or "the state file is missing"
        self._warn(
            f"the state of run {checkpoint.run_id} was read from its backup {path.name}, generation "
            f"{checkpoint.generation}: {why}. What came after it is sent again"
        )

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def _last_seen(self, checkpoint: Checkpoint) -> _Known | None:
        run_id = checkpoint.run_id
        if run_id not in self._known and any(p.exists() for p in self._candidates(run_id)):
            self.load(run_id)
        known = self._known.get(run_id)
        if known is not None and known.checkpoint.generation != checkpoint.generation:
            raise StateError(
                "save the state",
                self._path(run_id),
                f"the folder holds generation {known.checkpoint.generation}, "
                f"this process started from {checkpoint.generation}",
                "only one process may work on a run: migrate.py status",
            )
        return known

    def _back_up(self, path: Path, known: _Known | None, saved: Checkpoint) -> float:
        """Keeps the earlier state as `.1` when one is due; drops all backups when it is no way back."""
        if known is None:
            return float("-inf")
        if not saved.continues(known.checkpoint):
            self._drop_backups(path)
            return float("-inf")
        now = self._monotonic()
        if now - known.backed_up < BACKUP_SECONDS:
            return known.backed_up
        try:
            backups.rotate(path, known.data)
        except OSError as error:
            self._warn(f"no backup of {path.name} was made: {error.strerror or error}")
        return now

    def _drop_backups(self, path: Path) -> None:
        backups.drop(path)
        self.checked_path(path.stem).unlink(missing_ok=True)
        files.sync_folder(self.folder)


def _sound(checkpoint: Checkpoint) -> bytes:
    """The bytes of a checkpoint, read back once in memory: what cannot be read later is not written now."""
    data = seal(checkpoint)
    try:
        unseal(data)
    except DamagedError as damage:
        raise StateError("save the state", f"{checkpoint.run_id}, {damage.obj}", damage.cause) from damage
    return data
