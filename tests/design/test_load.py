from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.design.load import load_design
from migration_tool.design.load_expression import parse_condition, parse_expression
from migration_tool.design.model import (
    Attribute,
    Condition,
    Everything,
    Index,
    Lookup,
    Parameter,
    Settings,
    Throughput,
)
from migration_tool.design.template import Reference, parse
from migration_tool.errors import DesignError

from .conftest import HEAD, Load

WHOLE = """
version: 1
table: Shop
description: Everything.
keys: [pk, sk]
indexes:
  ByName: [np, ns]
  Some:
    keys: np
    projection: {include: [Title]}
    capacity: {read: 1, write: 2}
    warm_throughput: {read: 3, write: 4}
  Local: {keys: [pk, ns], local: true, projection: keys_only}
settings:
  billing: provisioned
  capacity: {read: 5, write: 6}
  warm_throughput: {read: 12000, write: 4000}
  stream: new_and_old_images
  table_class: infrequent_access
  point_in_time_recovery: 7
  deletion_protection: true
  ttl: Born
  tags: {Team: music}
entities:
  Thing:
    from: things
    where: Price > 0
    oversize: {compress: zstd}
    lookup:
      Maker: MakerId
      Boss: {table: Person, by: Maker.BossId, to: Number}
      Pair: [id, kind]
    ancestry: {Path: ParentId}
    embed:
      Parts:
        from: part
        match: {thing_id: id, kind: kind}
        order: [place, {id: descending}]
        limit: 9
        lookup: {Maker: MakerId}
        attributes: {"*": part, MakerName: Maker.Name}
        embed:
          Sizes: {from: size, match: {part_id: id}, as: map, key: "{Name}", value: {column: Size, as: number}}
    keys:
      pk: "T#{id}"
      sk: "x"
      np: {template: "N#{shard(id, 4)}", when: Price > 5}
      ns: "{lower(Name)}{low}{id:9}"
    attributes:
      "*": {of: Thing, omit: [Secret], rename: {Old: New}}
      Title: Name
      Label: "{Name} by {Maker.Name}"
      Price: {as: number}
      Born: {column: Date, as: date}
      Kind: {value: thing}
      Level: {value: 1.5}
      Gross: {expr: Price * 1.08}
access_patterns:
  thing:
    description: One.
    parameters: {id: integer}
    get: {pk: "T#{id}", sk: "x"}
    sql: SELECT id FROM things WHERE id = :id
    cases: SELECT id FROM things
  by_name:
    parameters: {prefix: {type: text, default: ""}, least: {type: number, default: 1.5}}
    query:
      index: ByName
      partition: "N#{shard(4)}"
      sort: {begins_with: "{lower(prefix)}"}
      filter: {Label: {contains: " by "}, Born: {between: ["a", "{least}"]}, Kind: thing}
      order: descending
    sql: SELECT id FROM things
    cases: SELECT '' AS prefix
  all_of_one:
    query: {partition: "T#1"}
    sql: SELECT 1 AS id
"""


def test_every_part_of_the_language(load: Load) -> None:
    design = load(WHOLE)
    (entity,) = design.entities
    (embed,) = entity.embeds
    thing, by_name, all_of_one = design.patterns
    assert (design.name, design.table, design.description) == ("shop", "Shop", "Everything.")
    assert design.keys == ("pk", "sk")
    assert design.indexes == (
        Index("ByName", "np", "ns"),
        Index("Some", "np", "", ("Title",), False, Throughput(1, 2), Throughput(3, 4)),
        Index("Local", "pk", "ns", (), local=True),
    )
    assert design.settings == Settings(
        "provisioned", Throughput(5, 6), Throughput(12_000, 4_000), "new_and_old_images", "infrequent_access",
        7, True, "Born", {"Team": "music"},
    )  # fmt: skip
    assert (entity.name, entity.table, entity.where) == ("Thing", "things", "Price > 0")
    assert (entity.oversize, entity.compression) == ("compress", "zstd")
    assert entity.lookups == (
        Lookup("Maker", "Maker", (Reference(None, "MakerId"),), None),
        Lookup("Boss", "Person", (Reference("Maker", "BossId"),), ("Number",)),
        Lookup("Pair", "Pair", (Reference(None, "id"), Reference(None, "kind")), None),
    )
    assert entity.ancestries == {"Path": "ParentId"}
    assert (embed.name, embed.table) == ("Parts", "part")
    assert (embed.on, embed.order) == ((("thing_id", "id"), ("kind", "kind")), ("place", "id"))
    assert (embed.form, embed.descending, embed.limit, embed.value) == ("list", ("id",), 9, None)
    (sizes,) = embed.embeds
    assert (sizes.form, sizes.key) == ("map", parse("{Name}"))
    assert sizes.value == Attribute("Sizes", Reference(None, "Size"), convert="number")
    assert embed.attributes == (Everything("part"), Attribute("MakerName", Reference("Maker", "Name")))
    assert entity.keys["np"] == parse("N#{shard(id, 4)}")
    assert entity.conditions == {"np": parse_condition("Price > 5")}
    assert entity.attributes == (
        Everything("Thing", ("Secret",), rename={"Old": "New"}),
        Attribute("Title", Reference(None, "Name")),
        Attribute("Label", template=parse("{Name} by {Maker.Name}")),
        Attribute("Price", Reference(None, "Price"), convert="number"),
        Attribute("Born", Reference(None, "Date"), convert="date"),
        Attribute("Kind", constant="thing"),
        Attribute("Level", constant=1.5),
        Attribute("Gross", expression=parse_expression("Price * 1.08")),
    )
    assert (thing.operation, thing.cases) == ("GetItem", "SELECT id FROM things")
    assert thing.parameters == (Parameter("id", "integer", None, True),)
    assert by_name.parameters == (
        Parameter("prefix", "text", "", False),
        Parameter("least", "number", 1.5, False),
    )
    assert (by_name.index, by_name.descending) == ("ByName", True)
    assert by_name.sort == Condition("ns", "begins_with", (parse("{lower(prefix)}"),))
    assert by_name.filters == (
        Condition("Label", "contains", (parse(" by "),)),
        Condition("Born", "between", (parse("a"), parse("{least}"))),
        Condition("Kind", "equals", (parse("thing"),)),
    )
    assert (all_of_one.operation, all_of_one.index, all_of_one.sort, all_of_one.cases) == (
        "Query",
        None,
        None,
        None,
    )
    assert design.pattern("thing") == thing
    assert design.pattern("things") is None
    assert design.key_of("ByName") == ("np", "ns")
    assert design.key_of(None) == ("pk", "sk")


def test_what_is_left_out_has_a_default(load: Load) -> None:
    design = load(HEAD + 'entities: {Thing: {keys: {PK: "T#{id}", SK: x}}}')
    (entity,) = design.entities
    assert design.keys == ("PK", "SK")
    assert (entity.table, entity.attributes, entity.where) == ("Thing", (Everything("Thing"),), None)


def test_every_form_of_an_index(load: Load) -> None:
    design = load(
        HEAD
        + """
indexes:
  Short: [A, B]
  Long: {keys: [A, B], projection: all}
  Keys: {keys: A, projection: keys_only}
  Some: {keys: [A], projection: {include: [Name, Price]}}
  Local: {keys: [PK, L], local: true, projection: keys_only}
entities:
  Thing: {keys: {PK: "T#{id}", SK: x, L: "{Name}"}}
  Other: {keys: {PK: "O#{id}", SK: x, A: "{id}"}}
access_patterns:
  local: {query: {index: Local, partition: "T#1"}, sql: SELECT 1}
  global: {query: {index: Some, partition: "1"}, sql: SELECT 1}
"""
    )
    assert design.indexes == (
        Index("Short", "A", "B"),
        Index("Long", "A", "B"),
        Index("Keys", "A", include=()),
        Index("Some", "A", include=("Name", "Price")),
        Index("Local", "PK", "L", (), local=True),
    )
    assert design.projected("Long") is design.projected(None) is None
    assert design.projected("Some") == {"PK", "SK", "A", "Name", "Price"}
    assert design.projected("Local") == {"PK", "SK", "L"}
    assert [pattern.consistent for pattern in design.patterns] == [True, False]
    assert [index.name for index in design.indexes if index.holds({"PK": {}, "A": {}})] == ["Keys", "Some"]


@pytest.mark.parametrize(("value", "days"), [("true", 35), ("false", None), ("7", 7)])
def test_the_days_of_backups(load: Load, value: str, days: int | None) -> None:
    design = load(HEAD + ENTITY + f"settings: {{point_in_time_recovery: {value}}}")
    assert design.settings == Settings(point_in_time_recovery=days)


def test_the_fingerprint_is_of_the_content(load: Load) -> None:
    text = HEAD + 'entities: {Thing: {keys: {PK: "T#{id}", SK: x}}}'
    fingerprint = load(text).fingerprint
    assert load("# a comment\n" + text.replace("{PK", "{  PK")).fingerprint == fingerprint
    assert load(text.replace("SK: x", "SK: y")).fingerprint != fingerprint


ENTITY = 'entities: {Thing: {keys: {PK: "T#{id}", SK: x}}}\n'


def entity(more: str) -> str:
    return HEAD + 'entities: {Thing: {keys: {PK: "T#{id}", SK: x}, ' + more + "}}"


def pattern(more: str) -> str:
    return HEAD + ENTITY + "access_patterns: {p: {sql: SELECT 1, " + more + "}}"


def indexes(count: int, content: str) -> str:
    return ", ".join(f"Index{n}: {{{content}}}" for n in range(count))


NAMES = str([f"n{n}" for n in range(17)])
FAULTS = [
    ("version: 2\ntable: Shop\n" + ENTITY, "version: expected 1, found 2"),
    ("table: Shop\n" + ENTITY, "version: expected 1, found nothing"),
    ("version: 1\ntable: a b\n" + ENTITY, "table: 'a b' is not a DynamoDB name"),
    ("version: 1\n" + ENTITY, "table: expected text, found nothing"),
    (HEAD, "entities: a design needs at least one entity"),
    (HEAD + "entities: []", "entities: expected a mapping, found a list"),
    (HEAD + ENTITY + "tabel: x", ": tabel: unknown key; did you mean 'table'?"),
    (HEAD + ENTITY + "xyzzy: x", ": xyzzy: unknown key; there are version, table"),
    (HEAD + ENTITY + "indexes: {GSI1: [a, 5]}", "indexes.GSI1[1]: expected text, found 5"),
    (HEAD + "entities: {Thing: 5}", "entities.Thing: expected a mapping, found 5"),
    (HEAD + ENTITY + "keys: [PK]", "entities.Thing.keys.SK: unknown key"),
    (HEAD + ENTITY + "keys: []", "keys: expected one key attribute, or [partition key, sort key]"),
    (HEAD + ENTITY + "keys: [PK, PK]", "keys: expected one key attribute, or [partition key, sort key]"),
    (HEAD + ENTITY + "keys: [PK, SK, X]", "keys: expected one key attribute, or [partition key, sort key]"),
    (HEAD + ENTITY + "keys: [PK, EntityType]", "keys: 'EntityType' cannot be the name of a key"),
    (HEAD + ENTITY + f"keys: [PK, {'x' * 256}]", "cannot be the name of a key attribute"),
    (HEAD + ENTITY + "indexes: {G1: [a, b]}", "indexes.G1: 'G1' is not a DynamoDB name"),
    (HEAD + ENTITY + "indexes: {GSI1: []}", "indexes.GSI1: expected one key attribute"),
    (HEAD + "keys: PK\nentities: {Thing: {keys: {}}}", "keys.PK: an item needs the key of its table"),
    (
        HEAD
        + "indexes: {GSI1: a}\n"
        + ENTITY
        + 'access_patterns: {p: {sql: x, query: {index: GSI1, partition: "x", order: ascending}}}',
        "p.query.order: what is asked has no sort key",
    ),
    (HEAD + ENTITY + "indexes: {GSI1: {key: a}}", "indexes.GSI1.key: unknown key; did you mean 'keys'?"),
    (
        HEAD + ENTITY + "indexes: {GSI1: {keys: a, projection: some}}",
        "projection: expected all, keys_only",
    ),
    (HEAD + ENTITY + "indexes: {GSI1: {keys: a, projection: {}}}", "projection.include: expected 1 to 20"),
    (
        HEAD + ENTITY + "indexes: {GSI1: {keys: a, projection: {include: [b, b]}}}",
        "indexes.GSI1.projection.include: expected 1 to 20 different names",
    ),
    (
        HEAD + ENTITY + "indexes: {GSI1: {keys: a, projection: {include: [SK, b]}}}",
        "indexes.GSI1.projection.include: SK is a key attribute",
    ),
    (
        HEAD + ENTITY + "indexes: {GSI1: {keys: a, local: 1}}",
        "indexes.GSI1.local: expected true or false, found 1",
    ),
    (HEAD + ENTITY + "indexes: {LSI1: {keys: [a, b], local: true}}", "LSI1.keys: expected [PK, sort key]"),
    (HEAD + ENTITY + "indexes: {LSI1: {keys: PK, local: true}}", "LSI1.keys: expected [PK, sort key]"),
    (
        HEAD + "keys: PK\nindexes: {LSI1: {keys: [PK, a], local: true}}\n" + ENTITY,
        "indexes.LSI1: a table without a sort key has no local indexes",
    ),
    (HEAD + ENTITY + f"indexes: {{{indexes(21, 'keys: a')}}}", "indexes: a table has at most 20 global ones"),
    (HEAD + ENTITY + f"indexes: {{{indexes(6, 'keys: [PK, a], local: true')}}}", "at most 5 local ones"),
    (
        HEAD + ENTITY + f"indexes: {{{indexes(6, 'keys: a, projection: {include: ' + NAMES + '}')}}}",
        "indexes: 102 names are included; 100 may be in all",
    ),
    (
        HEAD
        + "indexes: {GSI1: {keys: a, projection: keys_only}}\n"
        + 'entities: {Thing: {keys: {PK: "T#{id}", SK: x, a: "y"}}}\n'
        + "access_patterns: {p: {sql: x, query: {index: GSI1, partition: y, filter: {Name: z}}}}",
        "access_patterns.p.query.filter.Name: GSI1 does not project Name",
    ),
    (
        HEAD + "keys: PK\nentities: {Thing: {oversize: split, keys: {PK: a}}}",
        "entities.Thing.oversize: a table without a sort key holds no chunk items",
    ),
    (
        HEAD + "keys: PK\nentities: {Thing: {oversize: {compress: lzma}, keys: {PK: a}}}",
        "entities.Thing.oversize.compress: expected one of gzip, zstd, found the text 'lzma'",
    ),
    (HEAD + ENTITY + "settings: {bill: x}", "settings.bill: unknown key; did you mean 'billing'?"),
    (
        HEAD + ENTITY + "settings: {billing: x}",
        "settings.billing: expected on_demand, provisioned",
    ),
    (HEAD + ENTITY + "settings: {billing: provisioned}", "settings.capacity: provisioned billing needs"),
    (
        HEAD + ENTITY + "settings: {capacity: {read: 1}}",
        "settings.capacity.write: expected a whole number, found nothing",
    ),
    (HEAD + ENTITY + "settings: {capacity: {read: 0, write: 1}}", "capacity.read: expected units per second"),
    (HEAD + ENTITY + "settings: {warm_throughput: 5}", "settings.warm_throughput: expected a mapping"),
    (HEAD + ENTITY + "settings: {stream: all}", "settings.stream: expected new_image"),
    (HEAD + ENTITY + "settings: {table_class: cold}", "settings.table_class: expected standard"),
    (HEAD + ENTITY + "settings: {point_in_time_recovery: 36}", "expected true or 1 to 35 days, found 36"),
    (
        HEAD + ENTITY + "settings: {deletion_protection: 1}",
        "deletion_protection: expected true or false, found 1",
    ),
    (HEAD + ENTITY + "settings: {ttl: 1}", "settings.ttl: expected text, found 1"),
    (HEAD + ENTITY + "settings: {tags: {a: 1}}", "settings.tags.a: expected text, found 1"),
    (HEAD + ENTITY + "settings: {tags: {'aws:a': b}}", "settings.tags: 'aws:a' cannot be the name of a tag"),
    (HEAD + ENTITY + f"settings: {{tags: {{a: {'b' * 257}}}}}", "settings.tags.a: has more than 256"),
    (
        HEAD + ENTITY + f"settings: {{tags: { ({f't{n}': 'x' for n in range(51)}) }}}",
        "settings.tags: a table has at most 50, these are 51",
    ),
    (
        HEAD + ENTITY + "indexes: {LSI1: {keys: [PK, a], local: true, capacity: {read: 1, write: 1}}}",
        "indexes.LSI1: a local index uses the capacity of the table",
    ),
    (HEAD + 'entities: {"": {keys: {PK: a, SK: x}}}', "entities: '' cannot be a name"),
    (HEAD + 'entities: {"a\\0": {keys: {PK: a, SK: x}}}', "entities: 'a\\x00' cannot be a name"),
    (HEAD + "entities: {Thing: {}}", "entities.Thing.keys.PK: an item needs both keys"),
    (HEAD + "entities: {Thing: {keys: {PK: a}}}", "entities.Thing.keys.SK: an item needs both keys"),
    (
        HEAD + "entities: {Thing: {keys: {PK: a, SK: x, GSI1PK: y}}}",
        "entities.Thing.keys.GSI1PK: unknown key",
    ),
    (
        HEAD + "indexes: {GSI1: [a, b]}\nentities: {Thing: {keys: {PK: a, SK: x, a: y}}}",
        "entities.Thing.keys: GSI1 needs both a and b",
    ),
    (HEAD + 'entities: {Thing: {keys: {PK: "{", SK: x}}}', "entities.Thing.keys.PK: unmatched '{'"),
    (HEAD + 'entities: {Thing: {keys: {PK: "{lowr(a)}", SK: x}}}', "keys.PK: unknown function lowr()"),
    (
        HEAD + 'entities: {Thing: {keys: {PK: "{shard(4)}", SK: x}}}',
        "keys.PK: only an access pattern can leave",
    ),
    (HEAD + "entities: {Thing: {keys: {PK: 5, SK: x}}}", "keys.PK: expected text, found 5"),
    (entity("form: x"), "entities.Thing.form: unknown key; did you mean 'from'?"),
    (entity("from: [x]"), "entities.Thing.from: expected text, found a list"),
    (entity("where: 5"), "entities.Thing.where: expected text, found 5"),
    (entity("lookup: {Maker: {table: x}}"), "entities.Thing.lookup.Maker.by: expected text, found nothing"),
    (entity('lookup: {Maker: "a b"}'), "entities.Thing.lookup.Maker.by: 'a b' is not a column"),
    (entity("lookup: {Maker: {bye: x}}"), "lookup.Maker.bye: unknown key; did you mean 'by'?"),
    (entity("lookup: {Maker: {by: x, to: 5}}"), "lookup.Maker.to: expected text, found 5"),
    (entity("lookup: {Maker: {by: [x, y], to: z}}"), "lookup.Maker.to: expected as many columns as in `by`"),
    (entity('lookup: {Maker: [x, "a b"]}'), "entities.Thing.lookup.Maker.by[1]: 'a b' is not a column"),
    (entity("lookup: {Maker: {by: []}}"), "lookup.Maker.by: expected text, found a list"),
    (entity("lookup: {Maker: {by: x, to: []}}"), "lookup.Maker.to: expected text, found a list"),
    (
        entity('attributes: {"*": {of: Thing, omit: [a], include: [b]}}'),
        "expected either `omit` or `include`",
    ),
    (entity('attributes: {"*": {of: Thing, rename: {a: 5}}}'), "*.rename.a: expected text, found 5"),
    (entity("ancestry: {Path: 5}"), "entities.Thing.ancestry.Path: expected text, found 5"),
    (
        entity("embed: {Parts: {}}"),
        "entities.Thing.embed.Parts.match: expected {child column: parent column}",
    ),
    (entity("embed: {Parts: {match: {a: 5}}}"), "embed.Parts.match.a: expected text, found 5"),
    (entity("embed: {Parts: {match: {a: b}, orders: x}}"), "orders: unknown key; did you mean 'order'?"),
    (entity("embed: {Parts: {match: {a: b}, order: [5]}}"), "embed.Parts.order[0]: expected text, found 5"),
    (entity("attributes: {EntityType: x}"), "attributes.EntityType: this attribute is written for every"),
    (entity('attributes: {a: "{"}'), "entities.Thing.attributes.a: unmatched '{'"),
    (entity('attributes: {a: "{shard(4)}"}'), "entities.Thing.attributes.a: only an access pattern"),
    (entity('attributes: {a: "x y"}'), "entities.Thing.attributes.a: 'x y' is not a column"),
    (entity("attributes: {a: 5}"), "entities.Thing.attributes.a: expected a mapping, found 5"),
    (entity("attributes: {a: {as: int}}"), "attributes.a.as: expected one of text, number"),
    (entity("attributes: {a: {as: [int]}}"), "attributes.a.as: expected one of text, number"),
    (entity("attributes: {a: {colum: x}}"), "attributes.a.colum: unknown key; did you mean 'column'?"),
    (entity("attributes: {a: {value: [1]}}"), "attributes.a.value: expected text or a number"),
    (entity("attributes: {a: {value: true}}"), "found true; write `expr: 'true'`"),
    (
        entity("attributes: {a: full name}"),
        "is not a column, Alias.column or function of one; a name",
    ),
    (entity("attributes: {a: {value: 1e200}}"), "attributes.a.value: 1e+200 is outside"),
    (entity("attributes: {a: {value: 1, as: text}}"), "attributes.a: a constant value has no column"),
    (entity("attributes: {a: {value: 123456789012345678901234567890}}"), "document: Integer exceeds 64-bit"),
    (entity('attributes: {"*": {off: x}}'), "attributes.*.off: unknown key; did you mean 'of'?"),
    (entity('attributes: {"*": {of: x, omit: 5}}'), "attributes.*.omit: expected a list, found 5"),
    (pattern('query: {partition: "T#1"}, get: {PK: a, SK: b}'), "p: expected either `get` or `query`"),
    (pattern("description: x"), "access_patterns.p: expected either `get` or `query`"),
    (pattern("qery: {}"), "access_patterns.p.qery: unknown key; did you mean 'query'?"),
    (pattern('get: {PK: "T#1"}'), "access_patterns.p.get.SK: expected text, found nothing"),
    (pattern('get: {PK: "T#1", SK: x, X: y}'), "access_patterns.p.get.X: unknown key"),
    (pattern("query: {}"), "access_patterns.p.query.partition: expected text, found nothing"),
    (pattern('query: {index: G, partition: "T#1"}'), "query.index: there is no index 'G' in this design; "),
    (
        pattern('query: {partition: "T#1", order: up}'),
        "query.order: expected ascending or descending, found the text 'up'",
    ),
    (pattern('query: {partition: "T#1", sort: {}}'), "query.sort: expected one of equals, begins_with"),
    (pattern('query: {partition: "T#1", sort: {contains: x}}'), "query.sort.contains: unknown key"),
    (
        pattern('query: {partition: "T#1", sort: {between: [x]}}'),
        "sort.between: expected the first and the last value",
    ),
    (
        pattern('query: {partition: "T#1", sort: {at_least: [x, y]}}'),
        "sort.at_least: expected text, found a list",
    ),
    (pattern('query: {partition: "T#1", filter: {a: {near: x}}}'), "query.filter.a.near: unknown key"),
    (
        HEAD + ENTITY + 'access_patterns: {p: {query: {partition: "T#1"}}}',
        "access_patterns.p.sql: expected text, found nothing",
    ),
    (pattern('parameters: {a: integer}, query: {partition: "T#{a}"}'), "p.cases: SQL is needed"),
    (
        pattern('parameters: {a: int}, cases: x, query: {partition: "T#{a}"}'),
        "parameters.a: expected integer, text",
    ),
    (
        pattern('parameters: {a: {type: [text]}}, cases: x, query: {partition: "T#{a}"}'),
        "a: expected integer",
    ),
    (
        pattern('parameters: {a: {type: text, default: 5}}, cases: x, query: {partition: "T#{a}"}'),
        "access_patterns.p.parameters.a.default: expected text, found 5",
    ),
    (
        pattern('parameters: {a: {type: integer, default: null}}, cases: x, query: {partition: "T#{a}"}'),
        "access_patterns.p.parameters.a.default: expected integer, found nothing",
    ),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_a_fault_is_named_with_its_place(load: Load, text: str, fault: str) -> None:
    with pytest.raises(DesignError) as raised:
        load(text)
    assert any(fault in line for line in raised.value.faults), raised.value.faults


def test_all_faults_are_named_at_once(load: Load) -> None:
    with pytest.raises(DesignError) as raised:
        load(
            "version: 3\ntable: x\n"
            "entities: {A: {keys: {PK: '{', SK: x}}, B: {fro: b, keys: {PK: b, SK: '}'}}}\n"
            "access_patterns: {p: {sql: x, query: {partition: A, order: up}}}"
        )
    assert [fault.partition("shop.yaml:")[2].partition(": ")[0] for fault in raised.value.faults] == [
        "1:1", "2:1", "3:23", "3:45", "3:67", "4:53",
    ]  # fmt: skip
    assert [fault.place for fault in raised.value.found] == [
        "version",
        "table",
        "entities.A.keys.PK",
        "entities.B.fro",
        "entities.B.keys.SK",
        "access_patterns.p.query.order",
    ]
    assert "6 faults" in raised.value.cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (HEAD + "table: Other\n" + ENTITY, "table"),
        (HEAD + "entities: {A: {keys: {PK: a, PK: b, SK: x}}}", "PK"),
        (HEAD + "entities: {A: &a {keys: {PK: a, SK: x}}, B: *a}", "alias"),
        (HEAD + "entities: [", "shop.yaml:3:12: "),
        ("", ""),
        ("- a", ""),
    ],
)
def test_a_document_that_cannot_be_read(load: Load, text: str, cause: str) -> None:
    with pytest.raises(DesignError) as raised:
        load(text)
    assert cause in " ".join([raised.value.cause, *raised.value.faults])
    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("version: 1\n" + ENTITY, "table: expected text, found nothing"),
        (
            HEAD
            + "keys: [PK, PK]\nindexes: {LSI1: {keys: [PK, a], local: true}}\n"
            + 'entities: {Thing: {keys: {PK: "{id}", SK: x, a: y}}}\n'
            + 'access_patterns: {p: {sql: SELECT 1, get: {PK: "x", SK: x}}}',
            "keys: expected one key attribute, or [partition key, sort key], which differ",
        ),
        (
            HEAD + 'indexes: {GSI1: []}\nentities: {Thing: {keys: {PK: "{id}", SK: x, GSI1PK: y}}}',
            "indexes.GSI1: expected one key attribute, or [partition key, sort key], which differ",
        ),
        (HEAD + ENTITY + "access_patterns: {p: {sql: SELECT 1}}", "p: expected either `get` or `query`"),
        (
            HEAD + "entities: {Thing: {keys: {PK: {id}, SK: x}}}",
            "entities.Thing.keys.PK: expected text, found a section; put it in quotes",
        ),
        (entity("attributes: {a: {Name}}"), "Thing.attributes.a: expected text, found a section; put it in"),
    ],
)
def test_a_fault_brings_no_others_with_it(load: Load, text: str, fault: str) -> None:
    with pytest.raises(DesignError) as caught:
        load(text)
    (detail,) = caught.value.faults
    assert fault in detail


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match=r"gone\.yaml"):
        load_design(tmp_path / "gone.yaml")


WRITES = """
indexes: {GSI1: [GP, GS]}
entities:
  Thing: {keys: {PK: "T#{id}", SK: "#T", GP: "N#{shard(id, 4)}", GS: "{lower(Name)}{low}{id:9}"}}
  Part: {keys: {PK: "T#{thing}", SK: "PART#{id:9}"}}
  State: {keys: {PK: "STATE#{name}", SK: "{day:8}"}}
"""


@pytest.mark.parametrize(
    "question",
    [
        'get: {PK: "T#{a}", SK: "#T"}',
        'query: {partition: "T#{a}"}',
        'query: {partition: "T#{a}", sort: "#T"}',
        'query: {partition: "T#{a}", sort: {begins_with: "PART#"}}',
        'query: {partition: "T#{a}", sort: {begins_with: "PA"}}',
        'query: {partition: "T#{a}", sort: {begins_with: ""}}',
        'query: {partition: "T#{a}", sort: {begins_with: "PART#00"}}',
        'query: {partition: "T#{a}", sort: {begins_with: "PART#{a:9}"}}',
        'query: {partition: "STATE#open"}',
        'query: {partition: "STATE#{a}", sort: "20210304"}',
        'query: {partition: "STATE#{a}", sort: {at_least: "x"}}',
        'query: {index: GSI1, partition: "N#{shard(4)}", sort: {begins_with: "{lower(a)}"}}',
        'query: {index: GSI1, partition: "N#{shard(a, 4)}"}',
        'query: {index: GSI1, partition: "N#3"}',
    ],
)
def test_patterns_that_can_find_something(load: Load, question: str) -> None:
    design = load(HEAD + WRITES + patterns(question))
    assert len(design.patterns) == 1


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (
            'query: {partition: "X#{a}"}',
            "PK equals 'X#{a}' finds nothing; entities write 'STATE#{name}' or 'T#{id}'",
        ),
        ('query: {partition: "T#{a:9}"}', "finds nothing"),
        ('query: {partition: "T#{lower(a)}"}', "finds nothing"),
        ('query: {partition: "STATE"}', "finds nothing"),
        ('query: {index: GSI1, partition: "N#{shard(8)}"}', "GP equals 'N#{shard(8)}' finds nothing"),
        ('query: {index: GSI1, partition: "N#{a}"}', "finds nothing"),
        (
            'get: {PK: "T#{a}", SK: "#THING"}',
            "SK equals '#THING' finds nothing; entities write '#T' or 'PART#{id:9}'",
        ),
        ('query: {partition: "T#{a}", sort: "PART#"}', "SK equals 'PART#' finds nothing"),
        ('query: {partition: "T#{a}", sort: {begins_with: "PAT#"}}', "SK begins_with 'PAT#' finds nothing"),
        ('query: {partition: "T#{a}", sort: {begins_with: "#T#"}}', "SK begins_with '#T#' finds nothing"),
        (
            'query: {partition: "STATE#{a}", sort: "monday"}',
            "SK equals 'monday' finds nothing; entities write '{day:8}'",
        ),
        ('query: {partition: "T#{b}"}', "{b} is not a parameter of the pattern"),
        ('query: {partition: "T#{a}", filter: {x: "{c}"}}', "{c} is not a parameter of the pattern"),
        ('query: {partition: "T#{x.a}"}', "{x.a} is not a parameter of the pattern"),
        ('query: {partition: "T#{a}", filter: {SK: "x"}}', "DynamoDB does not filter on SK"),
        (
            'query: {index: GSI1, partition: "N#{shard(4)}", filter: {GP: "x"}}',
            "DynamoDB does not filter on GP",
        ),
        ('query: {partition: "T#{a}", sort: {at_least: "{shard(4)}"}}', "only the partition of a query"),
        ('get: {PK: "T#{a}", SK: "{shard(4)}"}', "only the partition of a query"),
    ],
)
def test_patterns_that_never_find_anything(load: Load, question: str, fault: str) -> None:
    with pytest.raises(DesignError) as raised:
        load(HEAD + WRITES + patterns(question))
    assert all(fault.place.startswith("access_patterns.p.") for fault in raised.value.found)
    assert any(fault in line for line in raised.value.faults), raised.value.faults


def patterns(question: str) -> str:
    return "access_patterns: {p: {parameters: {a: text}, sql: SELECT 1, cases: SELECT 1, " + question + "}}"


def test_an_index_that_no_entity_writes_finds_nothing(load: Load) -> None:
    design = 'indexes: {GSI1: [GP, GS]}\nentities: {T: {keys: {PK: "{id}", SK: x}}}\n'
    with pytest.raises(DesignError, match="entities write nothing"):
        load(HEAD + design + patterns("query: {index: GSI1, partition: x}"))
