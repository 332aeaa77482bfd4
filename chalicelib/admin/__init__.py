"""Dropdown values, keys, users and the state of the service."""
