-- STRICT tables, ANY among their types, and blobs as keys.
CREATE TABLE measure (id INTEGER PRIMARY KEY, at TEXT NOT NULL, value REAL, raw BLOB, extra ANY) STRICT;
INSERT INTO measure VALUES (1, '2024-01-01', 1.5, x'00', 1), (2, '2024-01-02', NULL, NULL, '1'), (3, '2024-01-03', 1e300, x'', x'31');
CREATE TABLE object (hash BLOB PRIMARY KEY, size INTEGER NOT NULL) STRICT;
INSERT INTO object VALUES (x'00ff', 1), (x'', 2), (zeroblob(1500), 3), (x'61', 4);
CREATE TABLE copy (hash BLOB NOT NULL REFERENCES object (hash), host TEXT NOT NULL, PRIMARY KEY (hash, host)) STRICT, WITHOUT ROWID;
INSERT INTO copy VALUES (x'00ff', 'one'), (x'00ff', 'two'), (x'61', 'one');
CREATE TABLE anything (k ANY PRIMARY KEY, v ANY) STRICT;
INSERT INTO anything VALUES (1, 1), ('1', 2), (x'31', 3), (1.25, 4);
