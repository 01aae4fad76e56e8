"""Functions of the user's own: found beside the design, known by their source, run only where allowed.

"module:function" means the module's file, or the package, in the folder of the design; nothing else is
searched, and a package counts as a whole. The module is loaded under a name that holds the hash of its
source: it takes no other module's place, and source that has changed is loaded anew.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from decimal import Decimal
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import orjson

from migration_tool import attributes
from migration_tool.errors import DesignError, RowRejected, RowSkipped
from migration_tool.model import EncodedItem, InvalidText, Row, Scalar, TooLarge

LOOKED_AT_TWICE = 3
"""Rows of an entity, in each process, of which the item is made twice."""
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(rf"{_WORD}(\.{_WORD})*:{_WORD}")
_STORED = (int, float, str, bytes, InvalidText, type(None))

Function = Callable[[Any], Any]


def parse_name(text: str) -> str:
    """Raises ValueError for what is not "module:function"."""
    if not _NAME.fullmatch(text):
        raise ValueError(f'expected "module:function" or "package.module:function", found {text!r:.80}')
    return text


def source_hash(folder: Path, name: str) -> str:
    """Hex digest of the source behind the name, which is not run. Raises ValueError where there is none."""
    top = _top(folder, name)
    files = sorted(top.parent.rglob("*.py")) if top.name == "__init__.py" else [top]
    digest = hashlib.sha256()
    try:
        for file in files:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error
    return digest.hexdigest()


def load_functions(path: Path, code: Mapping[str, str], allowed: bool) -> dict[str, Function]:
    """The functions of the design at `path`, by name.

    code  name → hash of its source
    Raises DesignError where they are not allowed to run, or cannot be loaded.
    """
    if code and not allowed:
        files = ", ".join(dict.fromkeys(str(_top(path.parent, name)) for name in code))
        raise DesignError(
            "run the design's own code", path, f"it asks for {', '.join(code)}, and own code was not allowed",
            f"Read {files}; then, if it may run: migrate.py again --allow-code",
        )  # fmt: skip
    return {name: _load(path, name, digest) for name, digest in code.items()}


def _top(folder: Path, name: str) -> Path:
    """The file of the module, or of the package that it is in. Raises ValueError where there is none."""
    module = name.partition(":")[0]
    top, _, inner = module.partition(".")
    package, file = folder / top / "__init__.py", folder / f"{top}.py"
    if package.is_file():
        return package
    if file.is_file() and not inner:
        return file
    raise ValueError(f"there is no {package if inner else file}")


def _load(path: Path, name: str, digest: str) -> Function:
    module, _, function = name.partition(":")
    try:
        found = getattr(_module(_top(path.parent, name), module, digest), function)
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}"
        raise DesignError(
            "load the design's own code", name, cause, f"Mend it; {path} asks for it."
        ) from error
    if not callable(found):
        raise DesignError("load the design's own code", name, "it is no function", f"Mend {path}.")
    return found  # type: ignore[no-any-return]  # what it takes and gives is looked at when it is called


def _module(top: Path, module: str, digest: str) -> Any:
    """No bytecode is written: it could outlive a change of the source within the same second."""
    own = f"own_code_{digest[:24]}"
    _, dot, inner = module.partition(".")
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with redirect_stdout(sys.stderr):
            if own not in sys.modules:
                _import_file(own, top)
            return import_module(own + dot + inner)
    finally:
        sys.dont_write_bytecode = before


def _import_file(own: str, top: Path) -> None:
    inside = [str(top.parent)] if top.name == "__init__.py" else None
    spec = spec_from_file_location(own, top, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise ImportError(f"{top} is no module")
    sys.modules[own] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[own])
    except BaseException:
        del sys.modules[own]
        raise


def names(functions: Mapping[str, Function]) -> dict[str, Any]:
    """What the source of an item uses of own code."""

    def own(name: str, value: Scalar) -> tuple[Any, Function]:
        """What the function makes of a value, and what makes JSON of that; NULL stays NULL."""
        if isinstance(value, InvalidText | TooLarge):
            attributes.unreadable(value)
        return None if value is None else _called(name, functions[name], value), attribute_json

    return {"own": own}


def attribute_json(value: Any) -> str:
    """What a function gave, as attribute JSON. Raises RowRejected."""
    with _refusing("what it gave is no value"):
        plain = attributes.from_plain(_exact(value))
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def _exact(value: Any) -> Any:
    """With numbers as decimals. Raises TypeError for what no attribute holds, RowRejected for a number."""
    if value is None or isinstance(value, bool | str | bytes):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(attributes.number_text(str(value)))
    if isinstance(value, list | tuple):
        return [_exact(element) for element in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) and key for key in value):
        return {key: _exact(element) for key, element in value.items()}
    raise TypeError(f"no attribute holds a {type(value).__name__}: {_shown(value)}")


def on_rows(
    name: str,
    function: Function,
    labels: tuple[str, ...],
    fixed: frozenset[str],
    item: Callable[[Row], EncodedItem],
) -> Callable[[Row], EncodedItem]:
    """`item` of what the function makes of a row.

    labels  the columns of the row, embedded rows behind them left out
    fixed   those that it cannot change
    """

    def transformed(row: Row) -> EncodedItem:
        given = dict(zip(labels, row, strict=False))
        for value in given.values():
            if isinstance(value, TooLarge):
                attributes.unreadable(value)
        result = _called(name, function, dict(given))
        if result is None:
            raise RowSkipped(f"{name} leaves the row out")
        if not isinstance(result, Mapping):
            raise _refused(f"{name} gave a {type(result).__name__}, not a row or None")
        made = _called(name, dict, result)
        if unknown := [key for key in made if key not in given]:
            raise _refused(f"{name} gave {_shown(unknown[0])}, which is no column of the row")
        values = (given[n] if n in fixed else _stored(name, n, made.get(n)) for n in labels)
        return item((*values, *row[len(labels) :]))

    return transformed


def _stored(name: str, column: str, value: Any) -> Scalar:
    """A value as SQLite could have stored it."""
    if isinstance(value, bool):
        return int(value)
    fits = type(value) is not int or -(2**63) <= value < 2**63
    if type(value) not in _STORED or not fits or (type(value) is str and not _is_unicode(value)):
        raise _refused(f"{name} gave {column} the value {_shown(value)}, which SQLite does not store")
    return value  # type: ignore[no-any-return]  # one of the types


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _shown(value: Any) -> str:
    """Its own code says how it looks, and that may fail, too; a huge number has no text."""
    try:
        return f"{value!r:.60}"
    except Exception:
        return f"a {type(value).__name__}"


def _refused(reason: str) -> RowRejected:
    return RowRejected("transform", reason.encode("utf-8", "backslashreplace").decode()[:500])


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Whatever own code raises is a reason to reject the row: a run does not end because it calls exit()."""
    try:
        yield
    except (MemoryError, KeyboardInterrupt, RowRejected):
        raise
    except BaseException as error:
        try:
            cause = f"{type(error).__name__}: {error}"
        except Exception:
            cause = type(error).__name__
        raise _refused(f"{what}: {cause}") from error


def _called(name: str, function: Function, value: Any) -> Any:
    """What it prints is talk: stdout holds data alone."""
    with _refusing(name), redirect_stdout(sys.stderr):
        return function(value)


def repeatable(entity: str, item: Callable[[Row], EncodedItem]) -> Callable[[Row], EncodedItem]:
    """`item`, which makes the first items twice. Raises DesignError where the two are not the same."""
    left = LOOKED_AT_TWICE

    def looked_at(row: Row) -> EncodedItem:
        nonlocal left
        encoded = item(row)
        if left:
            left -= 1
            if _again(item, row) != encoded:
                raise DesignError(
                    "use the design's own code", entity, "one row gave two different items",
                    "Make its functions depend on what they are given alone: no clock, chance or counter.",
                )  # fmt: skip
        return encoded

    return looked_at


def _again(item: Callable[[Row], EncodedItem], row: Row) -> EncodedItem | None:
    try:
        return item(row)
    except RowRejected:
        return None
