"""`aws` where it is not installed: the commands that docs/restore.md uses, by the same library underneath."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import boto3
import jmespath


def s3_ls(client: Any, address: str) -> Iterator[str]:
    bucket, prefix = _parts(address)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            name = one["Key"].rpartition("/")[2]
            yield f"{one['LastModified']:%Y-%m-%d %H:%M:%S} {one['Size']:>10} {name}"


def s3_cp(client: Any, source: str, target: str) -> Iterator[str]:
    if source.startswith("s3://"):
        bucket, key = _parts(source)
        with open(key.rpartition("/")[2] if target == "." else target, "wb") as file:
            client.download_fileobj(bucket, key, file)
    else:
        bucket, key = _parts(target)
        stream: BinaryIO = sys.stdin.buffer if source == "-" else open(source, "rb")  # noqa: SIM115
        client.upload_fileobj(stream, bucket, key)
    yield from ()


def s3api(client: Any, operation: str, *words: str) -> Iterator[str]:
    """Any operation: `--version-id X` is its parameter VersionId."""
    given = dict(zip(words[::2], words[1::2], strict=True))
    query, output = given.pop("--query", "@"), given.pop("--output", "json")
    parameters = {
        re.sub(r"-(\w)", lambda found: found[1].upper(), f"-{name[2:]}"): _value(value) for name, value in given.items()
    }
    answer = getattr(client, operation.replace("-", "_"))(**parameters)
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(query, answer)
    if output == "text":
        yield from _text(found)
    elif found:
        yield json.dumps(found, default=str)


def _text(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        yield from ("\t".join(map(str, row)) for row in found)
    else:
        yield str(found)


def _value(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else text


def _parts(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def run(words: list[str], client: Any) -> Iterator[str]:
    """The lines that `aws` would print."""
    commands = {("s3", "ls"): s3_ls, ("s3", "cp"): s3_cp}
    if words[0] == "s3api":
        return s3api(client, *words[1:])
    return commands[words[0], words[1]](client, *words[2:])


if __name__ == "__main__":
    for line in run(sys.argv[1:], boto3.client("s3")):
        print(line)  # noqa: T201
