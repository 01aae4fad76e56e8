-- References to the own table, some of them circles, one row its own parent; and of two tables to each other.
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, boss INTEGER REFERENCES person, mentor INTEGER REFERENCES person);
INSERT INTO person VALUES (1, 'a', NULL, 2), (2, 'b', 1, 2), (3, 'c', 4, NULL), (4, 'd', 3, 1), (5, 'e', 77, NULL);
CREATE TABLE chicken (id INTEGER PRIMARY KEY, egg_id INTEGER NOT NULL REFERENCES egg);
CREATE TABLE egg (id INTEGER PRIMARY KEY, chicken_id INTEGER NOT NULL REFERENCES chicken);
INSERT INTO chicken VALUES (1, 1), (2, 2), (3, 1);
INSERT INTO egg VALUES (1, 2), (2, 1);
CREATE TABLE a (id INTEGER PRIMARY KEY, b_id INTEGER NOT NULL REFERENCES b);
CREATE TABLE b (id INTEGER PRIMARY KEY, c_id INTEGER NOT NULL REFERENCES c);
CREATE TABLE c (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a);
INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1, 1);
