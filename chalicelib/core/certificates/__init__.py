"""Who may say that a server is our RDS instance: Amazon's root authorities, delivered with the code."""

from pathlib import Path

RDS = Path(__file__).with_name("rds.pem")
"""The roots of `rds-ca-rsa2048-g1`, which data.yaml asks for, one a region; docs/settings.md says how to renew it."""

SHA256 = "ededeb143900f5350699f1b1d92a5d5bc0848c5cd6a7f66e46616489ca4f7cfe"
"""Of that file: whoever replaces it says so here too."""

PROVED = {"sslmode": "verify-full", "sslrootcert": str(RDS)}
"""libpq's parameters for a connection that leaves the machine: encrypted, and to nobody else."""
