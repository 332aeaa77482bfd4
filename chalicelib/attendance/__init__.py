"""Attendance: when people came and went, seen against their shifts."""
