-- Values that DynamoDB has no place for, or that lie at its limits.
CREATE TABLE number (id INTEGER PRIMARY KEY, real REAL, whole INTEGER, any);
INSERT INTO number VALUES (1, 9e999, 9223372036854775807, 1e-200), (2, -9e999, -9223372036854775808, 'x'), (3, 0.1, 0, 0.0), (4, NULL, NULL, 1e200);
CREATE TABLE big (id INTEGER PRIMARY KEY, small TEXT, large TEXT, blob BLOB);
INSERT INTO big VALUES (1, 'fits', NULL, NULL), (2, 'does not', printf('%.300000c', 'x'), zeroblob(200000)), (3, 'nor this', NULL, zeroblob(390000));
CREATE TABLE broken (id INTEGER PRIMARY KEY, text TEXT, fine TEXT);
INSERT INTO broken VALUES (1, CAST(x'80' AS TEXT), 'ok'), (2, 'über', 'größer'), (3, CAST(x'c3' AS TEXT), 'ok');
CREATE TABLE broken_key (name TEXT PRIMARY KEY, n INTEGER);
INSERT INTO broken_key VALUES (CAST(x'fffe' AS TEXT), 1), ('fine', 2);
CREATE TABLE text (name TEXT UNIQUE NOT NULL, n INTEGER);
INSERT INTO text VALUES ('nul' || char(0) || 'inside', 1), ('line' || char(10) || 'break', 2), ('', 3), (' ', 4), ('''"\', 5), ('ü', 6), ('u' || char(776), 7);
CREATE TABLE floating (f REAL PRIMARY KEY, n INTEGER);
INSERT INTO floating VALUES (1, 1), (0.1, 2), (-0.0, 3), (1e100, 4), (9e999, 5);
CREATE TABLE far (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO far VALUES (-9223372036854775808, 'least'), (0, 'none'), (9223372036854775807, 'greatest');
CREATE TABLE near (id INTEGER PRIMARY KEY, far_id INTEGER REFERENCES far);
INSERT INTO near VALUES (1, -9223372036854775808), (2, 9223372036854775807), (3, 0);
