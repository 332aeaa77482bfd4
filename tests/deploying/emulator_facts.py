"""What the emulator and the tests both know."""

MASTER_PASSWORD = "the-master-password"
