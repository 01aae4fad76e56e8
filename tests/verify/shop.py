"""A small source with two tables, and a design over it."""

SCHEMA = """
CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name TEXT);
CREATE TABLE Thing (
  ThingId INTEGER PRIMARY KEY, MakerId INTEGER, Name TEXT, Price REAL, Data BLOB, Born TEXT);
"""
ROWS = """
INSERT INTO Maker VALUES (1, 'Acme'), (2, 'Æther'), (3, NULL);
INSERT INTO Thing VALUES (1, 1, 'anvil', 0.99, x'00ff', '2020-01-02'), (2, 1, 'rocket', 12.5, NULL, NULL),
  (3, 2, 'tube', 0.30000000000000004, x'', '2021-03-04'), (4, 2, 'wire', 1e20, NULL, '2022-05-06');
"""
DESIGN = """
indexes: {GSI1: [GSI1PK, GSI1SK]}
entities:
  Maker:
    from: Maker
    embed: {Things: {from: Thing, match: {MakerId: MakerId}, order: ThingId,
                     attributes: {Name: Name, Price: Price}}}
    keys: {PK: "MAKER#{MakerId}", SK: "#MAKER"}
    attributes: {"*": Maker}
  Thing:
    from: Thing
    lookup: {Maker: MakerId}
    keys:
      PK: "MAKER#{MakerId}"
      SK: "THING#{ThingId:6}"
      GSI1PK: "THINGS#{shard(ThingId, 3)}"
      GSI1SK: "{lower(Name)}{low}{ThingId:6}"
    attributes: {"*": Thing, MakerName: Maker.Name, Born: {column: Born, as: date}, Price: Price}
access_patterns:
  maker:
    parameters: {maker_id: integer}
    get: {PK: "MAKER#{maker_id}", SK: "#MAKER"}
    sql: >
      SELECT MakerId, Name, (SELECT json_group_array(json_object('Name', Name, 'Price', Price))
        FROM (SELECT * FROM Thing WHERE Thing.MakerId = Maker.MakerId ORDER BY ThingId)) AS Things
      FROM Maker WHERE MakerId = :maker_id
    cases: SELECT MakerId AS maker_id FROM Maker ORDER BY 1
  things_of:
    parameters: {maker_id: integer}
    query: {partition: "MAKER#{maker_id}", sort: {begins_with: "THING#"}, order: descending}
    sql: >
      SELECT ThingId, Thing.Name, Price, Data, Born, Maker.Name AS MakerName, 1 AS "-order"
      FROM Thing JOIN Maker USING (MakerId) WHERE MakerId = :maker_id ORDER BY ThingId DESC
    cases: SELECT MakerId AS maker_id FROM Maker ORDER BY 1
  things:
    parameters: {prefix: {type: text, default: ""}}
    query: {index: GSI1, partition: "THINGS#{shard(3)}", sort: {begins_with: "{lower(prefix)}"}}
    sql: SELECT ThingId, Name FROM Thing WHERE Name LIKE :prefix || '%' ORDER BY lower(Name), ThingId
    cases: SELECT '' AS prefix UNION SELECT substr(Name, 1, 2) FROM Thing ORDER BY 1
"""
