-- SHA-1 signatures are refused; a provider whose software still makes them may get until a day, in its registry row.

ALTER TABLE ivan.providers ADD COLUMN sha1_until date;  -- last day; NULL: the hub's own rule
