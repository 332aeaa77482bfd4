"""Sheets to rows: read in chunks, checked row by row, applied in one transaction."""
