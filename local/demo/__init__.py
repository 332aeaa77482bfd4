"""A made-up floor to look at: 300 people, eight weeks around today, the same for the same day."""

from local.demo.load import is_empty, load

__all__ = ["is_empty", "load"]
