"""opsdb: the operations database of a contact centre floor."""

__version__ = "0.1.0"
