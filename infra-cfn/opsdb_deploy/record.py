"""What was released: a JSON document for each finished release, in the releases bucket, newest last by name."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from opsdb_deploy import release
from opsdb_deploy.cloud import Cloud

FOLDER = "releases/"


@dataclass(frozen=True)
class Record:
    """One finished release. `templates` and `parameters` are by stack; `restored` is the stamp of the release that this
    one went back to."""

    version: str
    revision: str | None
    code: str
    sha256: str
    client_layer: str
    templates: dict[str, str]
    parameters: dict[str, dict[str, str]]
    way: str = "cloudformation"
    by: str = ""
    restored: str | None = None
    stamp: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")

    @property
    def origin(self) -> str:
        """The stamp of the release whose content this is."""
        return self.restored or self.stamp

    def same_as(self, other: "Record | None") -> bool:
        """Whether both would leave the same in AWS."""
        return other is not None and _content(self) == _content(other)


def _content(one: Record) -> Record:
    return replace(one, by="", stamp="", restored=None, revision=None)


def write(cloud: Cloud, bucket: str, made: Record) -> str:
    """Keep it; its key."""
    key = f"{FOLDER}{made.stamp}.json"
    release.put(cloud, bucket, key, json.dumps(asdict(made), indent=2).encode())
    return key


def every(cloud: Cloud, bucket: str) -> list[Record]:
    """Every release so far, oldest first."""
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=FOLDER)
    keys = sorted(one["Key"] for page in pages for one in page.get("Contents", []))
    return [Record(**json.loads(release.read(cloud, bucket, key))) for key in keys]


def newest(cloud: Cloud, bucket: str) -> Record | None:
    """The release in force, as far as any was finished."""
    found = every(cloud, bucket)
    return found[-1] if found else None


def before(records: list[Record], *, deployed: str) -> Record | None:
    """What to go back to from the code with the key `deployed`: the release before the one in force.

    Where `deployed` was never finished that is the last one that was. Going back twice goes back further.
    """
    if not records:
        return None
    last = records[-1]
    if last.code != deployed:
        return last
    by_stamp = {one.stamp: one for one in records}
    here = by_stamp[last.origin]
    older = [one for one in records if one.restored is None and one.stamp < here.stamp]
    others = [one for one in older if (one.code, one.templates) != (here.code, here.templates)]
    return others[-1] if others else None
