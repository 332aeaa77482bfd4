"""Unit prices, read from a dated file that anybody may replace; one that is missing or bad is named."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsdb_deploy.sources import INFRA

COMMITTED = INFRA / "prices" / "us-east-1-2026-11.json"


class PriceError(Exception):
    """A price that is missing or is none; the text says which, and in which file."""


@dataclass(frozen=True)
class Price:
    """USD for one `per`; `listed` is what AWS's price list calls it. `free` units a month cost nothing `free_for`
    (`always`, or `the first twelve months` of an account)."""

    usd: float
    per: str
    listed: str
    free: float = 0.0
    free_for: str = ""


@dataclass(frozen=True)
class Prices:
    """What is known of prices, and since when."""

    as_of: str
    region: str
    source: str
    by_name: Mapping[str, Price]
    file: str

    def of(self, name: str) -> Price:
        if name not in self.by_name:
            raise PriceError(f"{self.file} has no price {name}")
        return self.by_name[name]


def read(file: Path = COMMITTED) -> Prices:
    """The prices of a file; PriceError names every bad one."""
    try:
        told = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise PriceError(f"{file.name} cannot be read: {error}") from None
    missing = [
        name for name in ("as_of", "region", "source", "prices") if not (isinstance(told, dict) and told.get(name))
    ]
    if missing:
        raise PriceError(f"{file.name} lacks {', '.join(missing)}")
    bad = [f"{name}: {why}" for name, one in told["prices"].items() if (why := _fault(one))]
    if bad:
        raise PriceError(f"{file.name}: {'; '.join(bad)}")
    by_name = {name: _price(one) for name, one in told["prices"].items()}
    return Prices(told["as_of"], told["region"], told["source"], by_name, file.name)


def _fault(one: Any) -> str:
    if not isinstance(one, dict):
        return "must be an object with usd, per and list"
    if not _is_amount(one.get("usd")):
        return f"usd must be a number, zero or above; got {one.get('usd')!r}"
    if not all(isinstance(one.get(name), str) and one[name] for name in ("per", "list")):
        return "per and list must say what one unit is, and what the price list calls it"
    if "free" in one and not (_is_amount(one["free"]) and one.get("free_for")):
        return "free must be a number of units, and free_for say for how long"
    return ""


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _price(one: Mapping[str, Any]) -> Price:
    return Price(one["usd"], one["per"], one["list"], one.get("free", 0.0), one.get("free_for", ""))
