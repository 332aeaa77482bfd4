"""Exceptions: stretches of days on which somebody does not work the normal schedule."""
