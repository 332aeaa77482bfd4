DROP INDEX employees_search_idx;
DROP FUNCTION searchable(text, text, text, text, text, text, text);
