-- No foreign keys at all: names and data alone show what refers to what, and what only looks so.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed TEXT);
CREATE TABLE order_lines (order_id INTEGER NOT NULL, line INTEGER NOT NULL, sku TEXT, quantity INTEGER, PRIMARY KEY (order_id, line));
CREATE TABLE products (sku TEXT PRIMARY KEY, title TEXT, supplier_id INTEGER);
CREATE TABLE suppliers (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bo'), (3, 'Cy');
INSERT INTO orders VALUES (1, 1, '2024-01-02'), (2, 1, '2024-01-03'), (3, 3, '2024-01-03');
INSERT INTO order_lines VALUES (1, 1, 'A-1', 2), (1, 2, 'B/2', 1), (2, 1, 'A-1', 5), (3, 1, 'C#3', 1);
INSERT INTO products VALUES ('A-1', 'nail', 1), ('B/2', 'screw', 2), ('C#3', 'nut', 99);
INSERT INTO suppliers VALUES (1, 'one'), (2, 'two');
