-- Tables without a primary key, of which some have a unique index with NULLs, or rows that are all alike.
CREATE TABLE log (at TEXT, level TEXT, message TEXT);
INSERT INTO log VALUES ('2024-01-01', 'info', 'start'), ('2024-01-01', 'info', 'start'), (NULL, NULL, NULL);
CREATE TABLE setting (name TEXT UNIQUE, value);
INSERT INTO setting VALUES ('a', 1), ('b', '1'), (NULL, x'00ff'), (NULL, 2.5);
CREATE TABLE ticket (number INTEGER NOT NULL UNIQUE, title TEXT);
INSERT INTO ticket VALUES (7, 'seven'), (-3, 'minus three'), (99999999999, 'large');
CREATE TABLE comment (ticket_number INTEGER REFERENCES ticket (number), body TEXT);
INSERT INTO comment VALUES (7, 'first'), (7, 'second'), (NULL, 'of none'), (-3, 'odd');
-- And one whose rows belong to another's: in its collection, found by their numbers through an index.
CREATE TABLE attachment (ticket_number INTEGER NOT NULL REFERENCES ticket (number), path TEXT);
INSERT INTO attachment VALUES (7, 'a.png'), (7, 'a.png'), (-3, NULL);
