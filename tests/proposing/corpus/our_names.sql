-- Columns that are called what the tool calls its own, in attributes and in designs, and one that hides the rowid.
CREATE TABLE item (PK TEXT PRIMARY KEY, SK TEXT, EntityType TEXT, GSI1PK TEXT UNIQUE, GSI1SK INTEGER);
INSERT INTO item VALUES ('p', 's', 'thing', 'g', 1), ('q', NULL, NULL, NULL, NULL);
CREATE TABLE sub (PK TEXT, SK TEXT, item TEXT NOT NULL REFERENCES item (PK), PRIMARY KEY (PK, SK));
INSERT INTO sub VALUES ('a', 'b', 'p'), ('a', 'c', 'p'), ('b', 'b', 'q');
CREATE TABLE hides (rowid TEXT, value INTEGER);
INSERT INTO hides VALUES ('x', 1), ('x', 2), (NULL, 3);
CREATE TABLE hides_all (rowid TEXT, oid TEXT, _rowid_ TEXT);
INSERT INTO hides_all VALUES ('cannot', 'be', 'read');
CREATE TABLE starred ("*" REAL PRIMARY KEY, "entitytype" TEXT, item TEXT REFERENCES item (PK), UNIQUE (item, "*"));
INSERT INTO starred VALUES (1.5, 'a', 'p'), (9e999, 'b', 'q'), (-2, NULL, 'p');
CREATE TABLE of_starred (id INTEGER PRIMARY KEY, "*" REAL REFERENCES starred ("*"));
INSERT INTO of_starred VALUES (1, 1.5), (2, 9e999), (3, NULL);
