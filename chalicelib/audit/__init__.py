"""Who did what, and the way back from it."""
