"""S3 of our own: strict, versioned, and nothing lost when it is killed."""

import glob
import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local import processes, s3
from local.files import StackError
from tests.local.gone import all_gone


def test_versions_credentials_and_address_survive_a_kill_and_a_new_start(tmp_path: Path):
    with s3.start(tmp_path / "s3") as first:
        client, marked = first.client(), {"add-options": "true"}
        first.make_bucket("one-bucket")
        first.make_bucket("one-bucket")
        for text in (b"first", b"second"):
            client.put_object(Bucket="one-bucket", Key="incoming/a b+ü.csv", Body=text, Metadata=marked)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            client.put_object(Bucket="never-made", Key="x")
        os.kill(first.pid, 9)
        assert all_gone([first.pid])
    with s3.start(tmp_path / "s3") as second:
        assert (second.endpoint, second.access_key) == (first.endpoint, first.access_key)
        client = second.client()
        versions = client.list_object_versions(Bucket="one-bucket")["Versions"]
        texts = [
            client.get_object(Bucket="one-bucket", Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
            for one in versions
        ]
        assert texts == [b"second", b"first"]
        assert client.head_object(Bucket="one-bucket", Key="incoming/a b+ü.csv")["Metadata"] == marked
        with pytest.raises(StackError, match="in use by another stack"):
            s3.start(tmp_path / "s3")
        pid = second.pid
    assert all_gone([pid], within=0.2)
    ports = (tmp_path / "s3" / "ports").read_text().split()
    assert not [one for one in glob.glob("/tmp/*.sock") if any(port in one for port in ports)]


def test_it_refuses_wrong_credentials_and_listens_to_this_machine_only(store: s3.Server):
    import boto3

    stranger = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=store.access_key,
        aws_secret_access_key="wrong",
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()
    own = {address for address in socket.gethostbyname_ex(socket.gethostname())[2] if not address.startswith("127.")}
    for address in own:
        with socket.socket() as probe:
            assert probe.connect_ex((address, urlsplit(store.endpoint).port)) != 0


def test_a_taken_port_and_unreadable_credentials_say_what_to_do(tmp_path: Path):
    with socket.create_server((processes.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is taken"):
            s3.start(tmp_path / "s3", port=port)
    (tmp_path / "s3" / "identities.json").write_text(json.dumps({"identities": []}))
    with pytest.raises(StackError, match="remove it to have new credentials made"):
        s3.start(tmp_path / "s3")


def test_a_client_that_cannot_ask_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(s3, "READY_WITHIN", 3)
    monkeypatch.setenv("AWS_CA_BUNDLE", "")
    with pytest.raises(StackError, match=r"Invalid CA bundle.*AWS_CA_BUNDLE"), s3.start(tmp_path):
        pass
