-- Text that is stored in UTF-16, whose order is not that of UTF-8.
PRAGMA encoding = 'UTF-16le';
CREATE TABLE city (name TEXT PRIMARY KEY, country TEXT NOT NULL);
INSERT INTO city VALUES ('Ĝ', 'x'), ('Ā', 'x'), ('a', 'x'), ('ﬀ', 'y'), ('😀', 'y'), ('Z', 'y');
CREATE TABLE district (city TEXT NOT NULL REFERENCES city (name), name TEXT NOT NULL, people INTEGER, PRIMARY KEY (city, name));
INSERT INTO district VALUES ('a', 'Ĝ', 1), ('a', 'Ā', 2), ('a', 'b', 3), ('😀', 'ﬀ', 4), ('😀', '😀', 5);
