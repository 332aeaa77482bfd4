"""Backups: a dump in S3 every night that anybody with PostgreSQL can restore, and the command that does.

`run` makes one (`nightly` decides its tier), `verify` reads it back, `drill` restores it for proof, `restore` brings
one back, `listing` tells what there is.
"""
