-- Keys of WITHOUT ROWID tables: of any storage class, empty, long, blobs, and with a collation.
CREATE TABLE word (word TEXT COLLATE NOCASE PRIMARY KEY, meaning TEXT) WITHOUT ROWID;
INSERT INTO word VALUES ('Apfel', 'apple'), ('birne', 'pear'), ('', 'nothing'), ('Zwölf', 'twelve');
CREATE TABLE mixed (k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO mixed VALUES (1, 'integer'), ('1', 'text'), (x'31', 'blob'), (1.5, 'real'), ('', 'empty'), (x'', 'no bytes'),
  (-7, 'negative'), (9007199254740993, 'large'), ('#', 'separator'), ('a/b', 'slash');
CREATE TABLE long (k TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
INSERT INTO long VALUES (printf('%.3000c', 'x') || 'a', 1), (printf('%.3000c', 'x') || 'b', 2), ('short', 3);
CREATE TABLE part (word TEXT REFERENCES word, place INTEGER, letter TEXT, PRIMARY KEY (word, place)) WITHOUT ROWID;
INSERT INTO part VALUES ('Apfel', 0, 'A'), ('Apfel', 1, 'p'), ('BIRNE', 0, 'b'), ('birne', 1, 'i');
