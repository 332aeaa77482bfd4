"""Passwords: which ones are refused, and how they are kept."""

import secrets
from functools import cache
from typing import Any

SHORTEST, LONGEST = 12, 200

COMMON = frozenset(
    {
        "123456789012",
        "1234567890123",
        "administrator",
        "adminadminadmin",
        "changeme1234",
        "changemeplease",
        "correcthorsebatterystaple",
        "iloveyou1234",
        "letmeinletmein",
        "operations123",
        "p@ssw0rd1234",
        "password1234",
        "password12345",
        "passwordpassword",
        "qwertyqwerty",
        "qwertyuiop123",
        "qwertyuiopasdfghjkl",
        "welcome12345",
        "welcomewelcome",
    }
)
"""Long enough, and among the first that anybody tries."""

# What OWASP names for argon2id where memory is scarce: a sign-in takes 19 of a function's 512 MB.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1

NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$tc2n5WqFmuoTfSP8kmqguA$iSn9Fi/VADj8ReB+h05PC8KkMgSJXL7x+VNj872tEOo"
"""A hash that no password fits; checking one against it takes as long as against somebody's."""


def problems(password: str, *, username: str, field: str = "password") -> list[str]:
    """What is wrong about a new password, in words."""
    found = []
    if not SHORTEST <= len(password) <= LONGEST:
        found.append(f"{field}: must be text of {SHORTEST} to {LONGEST} characters")
    elif password.lower() in COMMON or len(set(password)) < 5:
        found.append(
            f"{field}: is among the first that anybody tries; a few words that do not belong together are better"
        )
    if username.lower() in password.lower():
        found.append(f"{field}: must not contain the username")
    return found


def generated() -> str:
    """A password for who did not choose one: 120 random bits."""
    return secrets.token_urlsafe(15)


def hashed(password: str) -> str:
    made: str = _hasher().hash(password)
    return made


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password; where there is none, the answer is no and takes as long."""
    # What hashes nothing should not be waited for, and a cold start hashes nothing.
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(kept or NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether it was hashed when less was asked of a hash."""
    old: bool = _hasher().check_needs_rehash(kept)
    return old


@cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
