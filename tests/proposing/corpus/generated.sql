-- Generated columns of both kinds, one of them a key; views; virtual tables; indexes of all sorts.
CREATE TABLE item (id INTEGER PRIMARY KEY, price REAL, tax REAL AS (price * 0.25) STORED, label TEXT AS (lower(name)) VIRTUAL, name TEXT);
INSERT INTO item (id, price, name) VALUES (1, 4, 'Nail'), (2, NULL, 'SCREW'), (3, 0.1, NULL);
CREATE UNIQUE INDEX by_label ON item (label);
CREATE UNIQUE INDEX cheap ON item (name) WHERE price < 1;
CREATE UNIQUE INDEX shouted ON item (upper(name));
CREATE TABLE keyed (a TEXT, b TEXT AS (a || '!') STORED UNIQUE, n INTEGER);
INSERT INTO keyed (a, n) VALUES ('x', 1), ('y', 2);
CREATE VIEW dear AS SELECT * FROM item WHERE price > 1;
CREATE VIEW broken AS SELECT * FROM nowhere;
CREATE VIRTUAL TABLE search USING fts5(body);
INSERT INTO search VALUES ('some words');
