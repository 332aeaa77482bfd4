"""Which object versions have been delivered: a file that survives kill -9 at any moment."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from threading import Lock


class Delivered:
    """Identities of versions whose delivery is over; one that was never confirmed is not among them."""

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._file = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._file.execute("CREATE TABLE IF NOT EXISTS delivered (identity TEXT PRIMARY KEY) WITHOUT ROWID")
        self._known = {identity for (identity,) in self._file.execute("SELECT identity FROM delivered")}

    def __contains__(self, identity: str) -> bool:
        return identity in self._known

    def add(self, identity: str) -> None:
        with self._lock:
            self._file.execute("INSERT OR IGNORE INTO delivered VALUES (?)", (identity,))
            self._known.add(identity)

    def keep_only(self, existing: Iterable[str]) -> None:
        """Forget versions that the bucket no longer has, so that the file stays small."""
        gone = self._known.difference(existing)
        if gone:
            with self._lock:
                self._file.executemany("DELETE FROM delivered WHERE identity = ?", [(one,) for one in gone])
                self._known -= gone

    def __len__(self) -> int:
        return len(self._known)
