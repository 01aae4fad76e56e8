-- Composite keys, of references too, three levels deep, and NULLs in a composite primary key.
CREATE TABLE region (country TEXT, code INTEGER, title TEXT, PRIMARY KEY (country, code));
INSERT INTO region VALUES ('de', 1, 'north'), ('de', 2, 'south'), ('at', 1, 'west'), ('a#b', 1, 'odd'), ('a', 1, '%23');
CREATE TABLE town (country TEXT, code INTEGER, name TEXT, people INTEGER, PRIMARY KEY (country, code, name),
  FOREIGN KEY (country, code) REFERENCES region (country, code));
INSERT INTO town VALUES ('de', 1, 'Kiel', 240000), ('de', 1, 'Kiel/Ost', 9), ('at', 1, 'Dornbirn', 50000),
  ('a#b', 1, '#', 1), ('a', 1, 'b#', 2);
CREATE TABLE street (country TEXT, code INTEGER, town TEXT, street TEXT, houses INTEGER,
  PRIMARY KEY (country, code, town, street),
  FOREIGN KEY (country, code, town) REFERENCES town ON DELETE CASCADE);
INSERT INTO street VALUES ('de', 1, 'Kiel', 'Holstenstraße', 12), ('de', 1, 'Kiel', 'Alter Markt', 3),
  ('a#b', 1, '#', '%', 1);
CREATE TABLE flag (a INTEGER, b TEXT, c, PRIMARY KEY (a, b));
INSERT INTO flag VALUES (1, 'x', 'one'), (1, NULL, 'two'), (NULL, NULL, 'three'), (NULL, NULL, 'four');
