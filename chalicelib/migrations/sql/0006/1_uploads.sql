-- The role of the caller who asked for an upload; NULL where somebody put the object there, which only an admin may.
ALTER TABLE uploads ADD COLUMN role TEXT;
