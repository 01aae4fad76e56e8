"""What a design says, as values: tables, entities, keys, attributes, access patterns.

`load.py` makes these from YAML; `compile.py` turns entities into functions; `access.py` turns access
patterns into requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

from migration_tool.design.expression import Expression
from migration_tool.design.template import Reference, Template
from migration_tool.model import ENTITY_TYPE as ENTITY_TYPE
from migration_tool.model import Scalar, WireItem
from migration_tool.oversize import Compression

Oversize: TypeAlias = Literal["reject", "compress", "split", "s3"]


@dataclass(frozen=True)
class Throughput:
    """Read and write units per second."""

    read: int
    write: int


@dataclass(frozen=True)
class Settings:
    """How a table is run; None: as DynamoDB does it by itself.

    billing                 on_demand or provisioned
    capacity                what is provisioned, or for on demand the maximum
    stream                  view type of the stream of changes, in small letters
    table_class             standard or infrequent_access
    point_in_time_recovery  days back
    ttl                     the attribute after whose time DynamoDB deletes an item
    """

    billing: str | None = None
    capacity: Throughput | None = None
    warm_throughput: Throughput | None = None
    stream: str | None = None
    table_class: str | None = None
    point_in_time_recovery: int | None = None
    deletion_protection: bool | None = None
    ttl: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Index:
    """A secondary index.

    sort_key  "" where it has none
    include   what it projects besides keys; None: all attributes
    local     its partition key is the table's, and it uses the table's capacity; else it is a global one
    capacity, warm_throughput  None: the table's
    """

    name: str
    partition_key: str
    sort_key: str = ""
    include: tuple[str, ...] | None = None
    local: bool = False
    capacity: Throughput | None = None
    warm_throughput: Throughput | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Partition key attribute, then the sort key attribute if it has one."""
        return (self.partition_key, self.sort_key) if self.sort_key else (self.partition_key,)

    def holds(self, item: WireItem) -> bool:
        """Whether the item is in the index: it has all of its key attributes."""
        return self.partition_key in item and (not self.sort_key or self.sort_key in item)


@dataclass(frozen=True)
class Attribute:
    """One attribute: exactly one of a column, a template, an expression or a constant.

    convert    overrides the type of a column
    transform  the function that a column's value goes through
    """

    name: str
    reference: Reference | None = None
    template: Template | None = None
    constant: Scalar = None
    convert: str | None = None
    transform: str | None = None
    expression: Expression | None = None

    def references(self) -> tuple[Reference, ...]:
        """The columns that the value is made of."""
        made = self.template or self.expression
        if made:
            return made.references()
        return (self.reference,) if self.reference else ()


@dataclass(frozen=True)
class Everything:
    """`"*": Alias`: every column of a table under its own name.

    omit     all but these
    include  only these; None: all
    rename   column → the name of its attribute
    """

    alias: str
    omit: tuple[str, ...] = ()
    include: tuple[str, ...] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)


AttributeRule: TypeAlias = Attribute | Everything


@dataclass(frozen=True)
class Lookup:
    """A many-to-one join as written: `table` (by default the alias) whose columns `to` equal `by`.

    to  None: the primary key
    """

    alias: str
    table: str
    by: tuple[Reference, ...]
    to: tuple[str, ...] | None


MAX_EMBEDDING = 4
"""Embedded rows within one another."""
Form: TypeAlias = Literal["list", "map", "set"]


@dataclass(frozen=True)
class Embed:
    """The rows of a child table inside the item, in one of three forms.

    `on` pairs (child column, parent column).

    descending  those columns of `order` whose greatest value comes first
    limit       so many rows at most, the first ones; None: all
    key         the names in a map; a list and a set have none
    value       what stands for a row in place of a map of its attributes
    embeds      rows of further tables within each row
    """

    name: str
    table: str
    on: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    attributes: tuple[AttributeRule, ...]
    form: Form = "list"
    descending: tuple[str, ...] = ()
    limit: int | None = None
    key: Template | None = None
    value: Attribute | None = None
    embeds: tuple[Embed, ...] = ()


@dataclass(frozen=True)
class Entity:
    """What one source table becomes. `keys` holds the table's key and those of sparse indexes.

    oversize    what becomes of an item over 400 KB: its row is rejected, or attributes
                of it are compressed, or go into items of their own, or into an object of S3
    compression  how they are compressed
    transform   the function that a row goes through first
    conditions  index key attribute → when an item has it; those that are not here whenever they can
    """

    name: str
    table: str
    lookups: tuple[Lookup, ...]
    embeds: tuple[Embed, ...]
    ancestries: Mapping[str, str]
    keys: Mapping[str, Template]
    attributes: tuple[AttributeRule, ...]
    where: str | None
    oversize: Oversize = "reject"
    compression: Compression = "gzip"
    transform: str | None = None
    conditions: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A parameter of an access pattern; one without a default is required."""

    name: str
    type: Literal["integer", "text", "number"]
    default: Scalar
    required: bool


@dataclass(frozen=True)
class Condition:
    """`attribute` `operator` `values`: a sort-key condition or a filter."""

    attribute: str
    operator: str
    values: tuple[Template, ...]


@dataclass(frozen=True)
class AccessPattern:
    """One question and how it is asked: a GetItem, or a Query of the table or of `index`.

    sql         the same question to the source; its columns are compared with the attributes of those names
    cases       SQL whose rows are the parameter sets to prove it with; None: the pattern has no parameters
    consistent  it sees every write before it: of what it reads, only global indexes follow later
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    operation: Literal["GetItem", "Query"]
    index: str | None
    partition: Condition
    sort: Condition | None
    filters: tuple[Condition, ...]
    descending: bool
    sql: str
    cases: str | None
    consistent: bool


@dataclass(frozen=True)
class Requests:
    """What to send for one call of a pattern: complete wire request bodies without TableName.

    A sharded listing has one body per shard; their answers, each already sorted, are merged by the text
    of the attribute `order_by` (UTF-8 byte order). None: they stand one after the other.
    """

    operation: Literal["GetItem", "Query"]
    bodies: tuple[dict[str, Any], ...]
    order_by: str | None
    descending: bool


@dataclass(frozen=True)
class Design:
    """One DynamoDB table: its keys, indexes, the entities that fill it, the patterns that read it.

    keys         partition key attribute, then the sort key attribute if there is one
    fingerprint  hex digest of the design's content, own code with it; comments and layout do not count
    code         name of each function of own code → hash of its source
    """

    name: str
    table: str
    description: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]
    entities: tuple[Entity, ...]
    patterns: tuple[AccessPattern, ...]
    fingerprint: str
    path: str
    code: Mapping[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    @property
    def demanded(self) -> tuple[str, ...]:
        """The attributes beyond keys that the table asks for by name."""
        included = [name for index in self.indexes for name in index.include or ()]
        return (*included, self.settings.ttl) if self.settings.ttl else tuple(included)

    def pattern(self, name: str) -> AccessPattern | None:
        return next((pattern for pattern in self.patterns if pattern.name == name), None)

    def key_of(self, index: str | None) -> tuple[str, ...]:
        """The key attributes of the table (None) or of an index."""
        found = self.index(index)
        return found.keys if found else self.keys

    def index(self, name: str | None) -> Index | None:
        return next((index for index in self.indexes if index.name == name), None)

    def projected(self, name: str | None) -> frozenset[str] | None:
        """The attributes that an index has of its items; None: all, as the table itself has (None)."""
        return self._projections.get(name or "")

    @cached_property
    def _projections(self) -> Mapping[str, frozenset[str]]:
        return {
            index.name: frozenset((*self.keys, *index.keys, *index.include))
            for index in self.indexes
            if index.include is not None
        }
