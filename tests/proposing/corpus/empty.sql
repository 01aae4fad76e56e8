-- Tables without rows beside one with some; columns that hold nothing but NULL.
CREATE TABLE filled (id INTEGER PRIMARY KEY, hollow TEXT, never UNIQUE);
INSERT INTO filled VALUES (1, NULL, NULL), (2, NULL, NULL);
CREATE TABLE hollow (id INTEGER PRIMARY KEY, filled_id INTEGER NOT NULL REFERENCES filled, note TEXT UNIQUE);
CREATE TABLE bare (x);
CREATE TABLE rowless (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
