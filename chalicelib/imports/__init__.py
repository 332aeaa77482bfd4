"""Sheets into the database: readers, sheets and the run of an upload."""
