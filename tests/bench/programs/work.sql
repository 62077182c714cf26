-- An in-memory database's life: many rows, an index, groups, a join, text built up and taken apart.
CREATE TABLE item (id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO item SELECT i, i * 7919 % 1000, 'item ' || (i * 48271 % 65537), i * 31 % 1009 / 10.0 FROM n;
CREATE INDEX by_name ON item (name);
SELECT count(*), sum(total) FROM (SELECT grp, sum(price) AS total FROM item GROUP BY grp ORDER BY total DESC);
SELECT count(*) FROM item a JOIN item b ON a.name = b.name AND a.id < b.id;
SELECT length(group_concat(name)) FROM (SELECT name FROM item ORDER BY name DESC);
UPDATE item SET name = name || ' of group ' || grp WHERE id % 3 = 0;
DELETE FROM item WHERE id % 5 = 0;
SELECT count(*), max(name) FROM item;
