"""Every key from every layer, and what the values mean."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from migration_tool.budget import NO_REJECTS, Budget
from migration_tool.config import Config, LogSettings, Settings, load_config, write_config
from migration_tool.config_values import KEYS, NAMES
from migration_tool.errors import ConfigError
from migration_tool.rates import OFF, MaxWcu

# dotted key -> (value in a file, effective value)
FILED: dict[str, tuple[Any, Any]] = {
    "source_db": ("data/other.sqlite", "{base}/data/other.sqlite"),
    "aws_region": ("eu-central-1", "eu-central-1"),
    "batch_size": (10, 10),
    "table_prefix": ("music.", "music."),
    "endpoint": ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    "prices": ("config/prices.yaml", "{base}/config/prices.yaml"),
    "migration_settings.max_retries": (7, 7),
    "migration_settings.retry_delay": (0.25, 0.25),
    "migration_settings.timeout": (2.5, 2.5),
    "migration_settings.enable_validation": (False, False),
    "migration_settings.create_tables": (False, False),
    "migration_settings.delete_existing_tables": (True, True),
    "migration_settings.max_rejects": ("0.5%", Budget(None, Decimal("0.5"))),
    "migration_settings.max_retry_seconds": (60, 60),
    "migration_settings.source_snapshot": ("live", "live"),
    "migration_settings.connections": (4, 4),
    "migration_settings.in_flight": (96, 96),
    "migration_settings.max_wcu": ("auto:80%", MaxWcu(auto=True, share=0.8)),
    "migration_settings.allow_http": (True, True),
    "migration_settings.allow_code": (True, True),
    "migration_settings.lease": (2.5, 2.5),
    "migration_settings.s3_bucket": ("my-bucket", "my-bucket"),
    "migration_settings.s3_prefix": ("imports/2026", "imports/2026"),
    "migration_settings.oversize_bucket": ("my-bucket", "my-bucket"),
    "migration_settings.oversize_prefix": ("large/values", "large/values"),
    "migration_settings.s3_endpoint": ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    "logging.level": ("warning", "WARNING"),
    "logging.file": ("elsewhere/x.log", "{base}/elsewhere/x.log"),
    "logging.max_size": ("512KB", 512 * 1024),
    "logging.backup_count": (0, 0),
}
# dotted key -> (environment name, its text, effective value)
ENVIRONMENT = [
    ("source_db", "MIGRATION_SOURCE_DB", "x.sqlite", "{cwd}/x.sqlite"),
    ("aws_region", "AWS_DEFAULT_REGION", "us-gov-west-1", "us-gov-west-1"),
    ("batch_size", "MIGRATION_BATCH_SIZE", "7", 7),
    ("table_prefix", "MIGRATION_TABLE_PREFIX", "env_", "env_"),
    ("table_prefix", "MIGRATION_TABLE_PREFIX", "", ""),
    ("migration_settings.max_wcu", "MIGRATION_MAX_WCU", "500", MaxWcu(500.0)),
    ("migration_settings.max_wcu", "MIGRATION_MAX_WCU", "off", OFF),
    ("migration_settings.allow_http", "MIGRATION_ALLOW_HTTP", "true", True),
    ("migration_settings.allow_code", "MIGRATION_ALLOW_CODE", "true", True),
    ("migration_settings.lease", "MIGRATION_LEASE", "90", 90.0),
    ("migration_settings.lease", "MIGRATION_LEASE", "off", None),
    ("migration_settings.max_rejects", "MIGRATION_MAX_REJECTS", "12", Budget(12)),
    ("migration_settings.max_rejects", "MIGRATION_MAX_REJECTS", "1%", Budget(None, Decimal(1))),
    ("prices", "MIGRATION_PRICES", "p.yaml", "{cwd}/p.yaml"),
    ("migration_settings.s3_bucket", "MIGRATION_S3_BUCKET", "my-bucket", "my-bucket"),
    ("migration_settings.s3_prefix", "MIGRATION_S3_PREFIX", "imports", "imports"),
    ("migration_settings.oversize_bucket", "MIGRATION_OVERSIZE_BUCKET", "my-bucket", "my-bucket"),
    ("migration_settings.oversize_prefix", "MIGRATION_OVERSIZE_PREFIX", "large", "large"),
    ("migration_settings.s3_endpoint", "AWS_ENDPOINT_URL_S3", "http://localhost:3", "http://localhost:3"),
    ("migration_settings.s3_endpoint", "AWS_ENDPOINT_URL", "http://localhost:2", "http://localhost:2"),
    ("endpoint", "AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:1", "http://localhost:1"),
    ("endpoint", "AWS_ENDPOINT_URL", "http://localhost:2", "http://localhost:2"),
]


@pytest.fixture(params=["json", "yaml", "yml"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for a configuration; the current folder is another one."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    (tmp_path / "project" / "config").mkdir(parents=True)
    return tmp_path / "project" / "config" / f"migration.{request.param}"


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def nested(values: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in values.items():
        section, _, leaf = name.rpartition(".")
        (document.setdefault(section, {}) if section else document)[leaf] = value
    return document


def effective(config: Config, name: str) -> Any:
    section, _, leaf = name.rpartition(".")
    part = {"": config, "migration_settings": config.settings, "logging": config.logging}[section]
    value = getattr(part, leaf)
    return str(value) if isinstance(value, Path) else value


def expected(config: Config, value: Any) -> Any:
    return value.format(base=config.base, cwd=Path.cwd()) if isinstance(value, str) else value


def minimal(**changes: Any) -> dict[str, Any]:
    return {"source_db": "x.sqlite"} | changes


def test_the_tables_of_cases_name_every_key() -> None:
    assert set(FILED) == set(NAMES)
    assert {name for name, *_ in ENVIRONMENT} == {key.name for key in KEYS if key.environment}


def test_the_defaults(path: Path) -> None:
    write(path, minimal())
    config = load_config(path, {}, {})
    base = path.parent.parent
    assert config == Config(
        path=path,
        base=base,
        source_db=base / "x.sqlite",
        aws_region="us-east-1",
        batch_size=25,
        table_prefix="chinook_",
        dynamodb_tables={
            "music_catalog": "MusicCatalog",
            "customer_data": "CustomerData",
            "playlist_data": "PlaylistData",
            "employee_data": "EmployeeData",
        },
        endpoint="aws",
        prices=None,
        settings=Settings(3, 1.0, 30, True, True, False, NO_REJECTS, 900, "copy", 64, 2048, OFF, lease=60),
        logging=LogSettings("INFO", base / "logs" / "migration.log", 10 * 1024 * 1024, 5),
        origins=config.origins,
    )
    assert config.settings == Settings()
    tables = {f"dynamodb_tables.{name}" for name in config.dynamodb_tables}
    assert set(config.origins) == {*NAMES, *tables}
    assert {v for k, v in config.origins.items() if k != "source_db"} == {"default"}
    assert (config.state_dir, config.designs_dir) == (base / "state", base / "config" / "designs")


def test_a_file_outside_a_config_folder_is_its_own_base(tmp_path: Path) -> None:
    write(tmp_path / "x.json", minimal())
    config = load_config(tmp_path / "x.json", {}, {})
    assert (config.base, config.source_db) == (tmp_path, tmp_path / "x.sqlite")


@pytest.mark.parametrize("name", NAMES)
def test_each_key_of_a_file_counts(path: Path, name: str) -> None:
    value, meaning = FILED[name]
    write(path, nested({"source_db": "x.sqlite", name: value}))
    config = load_config(path, {}, {})
    assert effective(config, name) == expected(config, meaning)
    assert config.origins[name] == "file"


@pytest.mark.parametrize(("name", "variable", "text", "meaning"), ENVIRONMENT)
def test_the_environment_counts_more_than_the_file(
    path: Path, name: str, variable: str, text: str, meaning: Any
) -> None:
    write(path, nested({"source_db": "y.sqlite", name: FILED[name][0]}))
    config = load_config(path, {}, {variable: text})
    assert effective(config, name) == expected(config, meaning)
    assert config.origins[name] == f"environment {variable}"


@pytest.mark.parametrize("name", NAMES)
def test_a_flag_counts_more_than_all(path: Path, name: str) -> None:
    value, meaning = FILED[name]
    default = next(key for key in KEYS if key.name == name).default
    write(path, nested({"source_db": "z.sqlite", name: "y.sqlite" if default is None else default}))
    environment = {"MIGRATION_SOURCE_DB": "e", "AWS_DEFAULT_REGION": "us-west-1", "AWS_ENDPOINT_URL": "aws"}
    environment |= {"MIGRATION_BATCH_SIZE": "3", "MIGRATION_TABLE_PREFIX": "e_", "MIGRATION_MAX_WCU": "7"}
    environment |= {"MIGRATION_LEASE": "off"}
    config = load_config(path, {name: value}, environment)
    meaning = meaning.replace("{base}", "{cwd}") if isinstance(meaning, str) else meaning
    assert effective(config, name) == expected(config, meaning)
    assert config.origins[name] == "flag"


@pytest.mark.parametrize(("written", "seconds"), [("off", None), (1, 1.0), (3600, 3600.0)])
def test_a_lease_is_off_or_so_many_seconds(path: Path, written: Any, seconds: float | None) -> None:
    write_config(path, {"source_db": "a", "migration_settings.lease": written})
    assert load_config(path, {}, {}).settings.lease == seconds
    assert load_config(path, {"migration_settings.lease": "off"}, {}).settings.lease is None


def test_a_flag_may_be_text_or_a_path_or_absent(path: Path) -> None:
    write(path, minimal())
    flags = {
        "batch_size": "9",
        "source_db": Path("a.db"),
        "aws_region": None,
        "migration_settings.timeout": "1.5",
        "migration_settings.retry_delay": "2",
        "migration_settings.create_tables": "False",
    }
    config = load_config(path, flags, {})
    assert (config.batch_size, config.settings.timeout, config.settings.retry_delay) == (9, 1.5, 2.0)
    assert config.source_db == Path.cwd() / "a.db"
    assert config.settings.create_tables is False
    assert config.origins["aws_region"] == "default"


def test_the_more_special_endpoint_variable_wins_and_empty_ones_do_not_count(path: Path) -> None:
    write(path, minimal(endpoint="embedded"))
    both = {"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://b:2"}
    assert load_config(path, {}, both).endpoint == "http://b:2"
    assert load_config(path, {}, both | {"AWS_ENDPOINT_URL_DYNAMODB": ""}).endpoint == "http://a:1"
    empty = {"AWS_ENDPOINT_URL": "", "MIGRATION_SOURCE_DB": "", "AWS_DEFAULT_REGION": ""}
    config = load_config(path, {}, empty | {"MIGRATION_BATCH_SIZE": ""})
    assert (config.endpoint, config.aws_region, config.batch_size) == ("embedded", "us-east-1", 25)
    assert config.origins["source_db"] == "file"


def test_tables_of_the_file_replace_the_default_ones(path: Path) -> None:
    write(path, minimal(dynamodb_tables={"my_design": "Mine"}, table_prefix=""))
    config = load_config(path, {}, {})
    assert config.dynamodb_tables == {"my_design": "Mine"}
    assert config.origins["dynamodb_tables.my_design"] == "file"
    assert config.table_name("my_design") == "Mine"


def test_a_table_name_is_prefix_and_name(path: Path) -> None:
    write(path, minimal())
    config = load_config(path, {}, {})
    assert config.table_name("music_catalog") == "chinook_MusicCatalog"
    with pytest.raises(ConfigError, match="did you mean music_catalog"):
        config.table_name("music_catalogue")


@pytest.mark.parametrize(
    ("text", "bytes_"), [("1KB", 1024), ("10 mb", 10485760), ("2048", 2048), ("1GB", 2**30)]
)
def test_sizes(tmp_path: Path, text: str, bytes_: int) -> None:
    write(tmp_path / "x.json", minimal(logging={"max_size": text}))
    assert load_config(tmp_path / "x.json", {}, {}).logging.max_size == bytes_
    write(tmp_path / "x.json", minimal(logging={"max_size": bytes_}))
    assert load_config(tmp_path / "x.json", {}, {}).logging.max_size == bytes_


@pytest.mark.parametrize(
    "url", ["https://dynamodb.eu-west-1.amazonaws.com", "http://[::1]:8000", "http://x_y"]
)
def test_endpoints(tmp_path: Path, url: str) -> None:
    for text in (url, url + "/"):
        write(tmp_path / "x.json", minimal(endpoint=text))
        assert load_config(tmp_path / "x.json", {}, {}).endpoint == url


@pytest.mark.parametrize(
    "region", ["us-gov-east-1", "cn-north-1", "ap-southeast-2", "us-isob-east-1", "mx-central-1"]
)
def test_regions(tmp_path: Path, region: str) -> None:
    write(tmp_path / "x.json", minimal(aws_region=region))
    assert load_config(tmp_path / "x.json", {}, {}).aws_region == region


def test_paths_start_at_home_and_lose_their_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(tmp_path / "x.json", minimal(source_db="~/a/../b.sqlite", logging={"file": "~nobody-here/x"}))
    config = load_config(tmp_path / "x.json", {}, {})
    assert config.source_db == tmp_path / "home" / "b.sqlite"
    assert config.logging.file == tmp_path / "~nobody-here" / "x"


def test_a_written_file_is_read_back(path: Path) -> None:
    path.parent.rmdir()
    write_config(path, {"source_db": "../a.sqlite", "endpoint": "embedded", "aws_region": None})
    config = load_config(path, {}, {})
    assert (config.source_db, config.endpoint) == (Path.cwd().parent / "a.sqlite", "embedded")
    assert config.aws_region == "us-east-1"
    assert set(config.origins.values()) == {"file"}


def test_every_key_is_written_and_read_back(path: Path) -> None:
    values = {name: value for name, (value, _) in FILED.items()}
    write_config(path, values | {"dynamodb_tables": {"no": "123", "null": "1e5", "on": "017"}})
    config = load_config(path, {}, {})
    assert config.dynamodb_tables == {"no": "123", "null": "1e5", "on": "017"}
    for name, (_, meaning) in FILED.items():
        if name != "source_db":
            assert effective(config, name) == expected(config, meaning)


@pytest.mark.parametrize(
    "prefix", ["no", "yes", "on", "null", "017", "0x1F", "1_0", "12.30", "1e5", "-", ".", "5"]
)
def test_prefixes_that_yaml_would_twist_survive(path: Path, prefix: str) -> None:
    write_config(path, {"source_db": "a", "table_prefix": prefix})
    assert load_config(path, {}, {}).table_prefix == prefix


def test_a_section_may_be_given_whole(path: Path) -> None:
    write_config(path, {"source_db": "a", "logging": {"level": "ERROR"}, "logging.backup_count": 1})
    config = load_config(path, {}, {})
    assert (config.logging.level, config.logging.backup_count) == ("ERROR", 1)


def test_faulty_values_are_not_written(path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        write_config(path, {"batch_size": 99, "nonsense": 1})
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["nonsense", "source_db", "batch_size"]
    assert not path.exists()
