-- Names with spaces, quotes, dots, braces, emoji and reserved words; some differ only in what DynamoDB refuses.
CREATE TABLE "order" ("select" INTEGER PRIMARY KEY, "from" TEXT, "low" TEXT UNIQUE, "group by" REAL);
INSERT INTO "order" VALUES (1, 'a', 'x', 1.5), (2, 'b', NULL, NULL), (3, NULL, 'low', 2);
CREATE TABLE truth (id INTEGER PRIMARY KEY, "true" TEXT UNIQUE, "FALSE" INTEGER UNIQUE, "null" TEXT UNIQUE);
INSERT INTO truth VALUES (1, 'a', 2, 'b'), (2, NULL, 3, NULL);
CREATE TABLE "order items" ("order.select" INTEGER REFERENCES "order", "no""te" TEXT, "`tick`" INTEGER, "{brace}" TEXT,
  PRIMARY KEY ("order.select", "`tick`"));
INSERT INTO "order items" VALUES (1, 'n', 1, '{'), (1, 'm', 2, '}'), (2, NULL, 1, NULL);
CREATE TABLE "😀" ("🔑" TEXT PRIMARY KEY, "naïve" TEXT, "-minus" INTEGER, "*" TEXT);
INSERT INTO "😀" VALUES ('🎉', 'ü', 1, 'star'), ('b', NULL, 2, NULL);
CREATE TABLE "😃" (id INTEGER PRIMARY KEY, "1st" TEXT, "a:b" TEXT UNIQUE, "line
break" TEXT);
INSERT INTO "😃" VALUES (1, 'one', 'x', 'y'), (2, 'two', NULL, NULL);
CREATE TABLE "a b" (id INTEGER PRIMARY KEY, x TEXT);
CREATE TABLE "a_b" (id INTEGER PRIMARY KEY, x TEXT);
CREATE TABLE "a.b" (id INTEGER PRIMARY KEY, x TEXT);
INSERT INTO "a b" VALUES (1, 'space'); INSERT INTO "a_b" VALUES (1, 'line'); INSERT INTO "a.b" VALUES (1, 'dot');
CREATE TABLE "it's; DROP TABLE x --" (id INTEGER PRIMARY KEY, "" TEXT, v TEXT);
INSERT INTO "it's; DROP TABLE x --" VALUES (1, 'unnamed', 'named');
CREATE TABLE "" (id INTEGER PRIMARY KEY, v TEXT);
INSERT INTO "" VALUES (1, 'of a table without a name');
