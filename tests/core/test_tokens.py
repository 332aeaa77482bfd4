"""Tokens of the user pool: taken when the pool signed them for us and they are of now, and refused otherwise."""

import base64
import hashlib
import hmac
import json
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jwt
import moto
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto.utilities.utils import load_resource
from sqlalchemy import text

from chalicelib.core import db, tokens
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.tokens import PRECEDENCE, Pool
from tests import make
from tests.api import Api
from tests.conftest import Site

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example"
CLIENT = "4example4client4id"
ADDRESS = "https://example.auth.eu-central-1.amazoncognito.com"
EDGE = Path(__file__).parents[2] / "infra-cfn" / "edge.yaml"


@cache
def private(name: str) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def public(name: str) -> dict[str, Any]:
    """The key as a pool publishes it."""
    found = jwt.algorithms.RSAAlgorithm.to_jwk(private(name).public_key(), as_dict=True)
    return {**found, "kid": name, "alg": "RS256", "use": "sig"}


def said(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "sub": "7d1c", "iss": ISSUER, "aud": CLIENT, "token_use": "id", "iat": now, "exp": now + 3600,
        "email": "Ada.Lovelace@opsdb.example", "email_verified": True, "cognito:groups": ["supervisor"], **changes,
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def token(key: str = "one", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(said(**changes), private(key), algorithm="RS256", headers={"kid": key, **(headers or {})})


def by_hand(header: dict[str, Any], secret: bytes | None) -> str:
    """A token that no library would make."""
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, said())]
    signed = hmac.digest(secret, b".".join(parts), hashlib.sha256) if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signed).rstrip(b"=")]).decode()


@pytest.fixture
def pool(site: Site) -> None:
    delivered(site, "one")


def delivered(site: Site, *keys: str) -> None:
    engine = db.make_engine(site.url("opsdb_owner"))
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM token_issuers"))
        conn.execute(
            text("INSERT INTO token_issuers (issuer, client_id, address, public_keys) VALUES (:i, :c, :a, :k)"),
            {"i": ISSUER, "c": CLIENT, "a": ADDRESS, "k": json.dumps([public(one) for one in keys])},
        )
    engine.dispose()


def called(header: str, path: str = "/auth/me") -> Any:
    return Api(None).call("GET", path, headers={"Authorization": header})


def ada(**facts: Any) -> int:
    with make.written() as conn:
        return make.employee(conn, company_email="ada.lovelace@opsdb.example", **facts)


def test_a_person_of_the_floor_calls_with_the_pool_s_token(pool: None) -> None:
    employee_id = ada()
    answer = called(f"Bearer {token()}")
    assert answer.status == 200
    assert {name: answer.body[name] for name in ("name", "role", "employee_id", "csrf_token")} == {
        "name": "ada.lovelace@opsdb.example",
        "role": "supervisor",
        "employee_id": employee_id,
        "csrf_token": None,
    }


def pem(name: str) -> bytes:
    return private(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


FORGED = {
    "signed by nobody": lambda: by_hand({"alg": "none", "kid": "one"}, None),
    "signed by nobody, spelled otherwise": lambda: by_hand({"alg": "nOnE", "kid": "one"}, None),
    "the public key as a shared secret": lambda: by_hand({"alg": "HS256", "kid": "one"}, pem("one")),
    "another's key under our key's id": lambda: token("x", {"kid": "one"}),
    "a key that it brings itself": lambda: token("x", {"jwk": public("x")}),
    "an address of a key": lambda: token("x", {"jku": "https://evil.example/jwks.json", "x5u": "https://evil.example"}),
    "no key's id": lambda: jwt.encode(said(), private("one"), algorithm="RS256"),
    "a path as the key's id": lambda: token("x", {"kid": "../../etc/passwd"}),
    "another issuer": lambda: token(iss=ISSUER + "2"),
    "another client": lambda: token(aud="somebody else"),
    "no client": lambda: token(aud=None, client_id=CLIENT),
    "an access token": lambda: token(token_use="access"),
    "no use": lambda: token(token_use=None),
    "over": lambda: token(iat=int(time.time()) - 7200, exp=int(time.time()) - 60),
    "no end": lambda: token(exp=None),
    "of tomorrow": lambda: token(iat=int(time.time()) + 86_400, exp=int(time.time()) + 90_000),
    "not yet": lambda: token(nbf=int(time.time()) + 600),
    "nobody's": lambda: token(sub=None),
    "an address that nobody verified": lambda: token(email_verified=False),
    "verified as text": lambda: token(email_verified="false"),
    "no address": lambda: token(email=None),
    "too long": lambda: token(more="x" * 9_000),
    "changed": lambda: token()[:-6] + "AAAAAA",
    "its second part only": lambda: token().split(".")[1],
    "nothing": lambda: "",
    "no text": lambda: "\x00\xff",
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_token_that_the_pool_has_not_signed_for_us_and_for_now_is_nobody(pool: None, forged: str) -> None:
    ada()
    answer = called(f"Bearer {FORGED[forged]()}")
    assert (answer.status, answer.body["errors"][0].partition(":")[0]) == (401, "Authorization")


def test_clocks_may_differ_by_half_a_minute(pool: None) -> None:
    ada()
    now = int(time.time())
    assert called(f"Bearer {token(iat=now + 20, exp=now + 3600)}").status == 200
    assert called(f"Bearer {token(iat=now - 3600, exp=now - 20)}").status == 200


def test_without_a_pool_no_token_counts(site: Site) -> None:
    ada()
    assert called(f"Bearer {token()}").status == 401


def test_the_highest_group_counts_and_none_is_too_few(pool: None) -> None:
    ada()
    assert called(f"Bearer {token(**{'cognito:groups': ['viewer', 'hr', 'somebody']})}").body["role"] == "hr"
    for groups in ([], ["somebody"], "admin", None):
        assert called(f"Bearer {token(**{'cognito:groups': groups})}").status == 403


def test_groups_have_the_order_of_the_pool() -> None:
    found = re.findall(r"GroupName: (\w+), Precedence: (\d)", EDGE.read_text())
    assert [name for name, _ in sorted(found, key=lambda one: one[1])] == [*PRECEDENCE]


def test_who_has_left_or_was_shut_out_is_nobody(pool: None) -> None:
    ada(status="Inactive")
    assert called(f"Bearer {token()}").status == 401
    with make.written() as conn:
        conn.execute(text("INSERT INTO users (username, email, is_active) VALUES ('rui', 'rui@opsdb.example', false)"))
    assert called(f"Bearer {token(email='rui@opsdb.example')}").status == 401


def test_a_user_of_another_address_who_has_left_is_nobody_too(pool: None) -> None:
    with make.written() as conn:
        gone = make.employee(conn, status="Inactive")
        add = text("INSERT INTO users (username, email, employee_id) VALUES ('rui', 'rui@opsdb.example', :gone)")
        conn.execute(add, {"gone": gone})
    assert called(f"Bearer {token(email='rui@opsdb.example')}").status == 401


def test_the_audit_names_a_user_of_ours_and_else_the_pool_s(pool: None) -> None:
    with make.written() as conn:
        add = text("INSERT INTO users (username, email) VALUES ('rui', 'rui@opsdb.example') RETURNING user_id")
        user_id = conn.execute(add).scalar()
    for number, email in enumerate(("ada@opsdb.example", "rui@opsdb.example"), 1):
        header = {"Authorization": f"Bearer {token(email=email, **{'cognito:groups': ['admin']})}"}
        holiday = {"date": f"2031-01-0{number}", "name": "New Year"}
        assert Api(None).call("POST", "/holidays", body=holiday, headers=header).status == 201
    with make.written() as conn:
        told = conn.execute(text("SELECT actor FROM audit_log WHERE table_name = 'holidays' ORDER BY audit_id"))
    assert [*told.scalars()] == ["cognito:7d1c", f"user:{user_id}"]


def test_a_token_beside_a_key_is_a_slip_and_another_scheme_is_nobody(pool: None, api: Api) -> None:
    both = Api(api.key).call("GET", "/auth/me", headers={"Authorization": f"Bearer {token()}"})
    assert both.status == 400
    assert called("Basic YWRhOngy").status == 401


def test_a_token_s_rate_is_its_person_s(pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import forget

    ada()
    monkeypatch.setenv("OPSDB_KEY_REQUESTS_PER_MINUTE", "3")
    forget()
    answers = [called(f"Bearer {token()}").status for _ in range(4)]
    assert answers == [200, 200, 200, 429]


def test_tokens_that_prove_nobody_are_counted_at_their_address(pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import forget

    monkeypatch.setenv("OPSDB_ADDRESS_REQUESTS_PER_MINUTE", "3")
    forget()
    answers = [called(f"Bearer {token('x')}").status for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    assert called(f"Bearer {token()}").status == 200, "who proves to be somebody is not counted there"


def test_a_new_key_is_looked_for_once_a_minute(site: Site, pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ada()
    clock = [1_000.0]
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock[0])
    assert called(f"Bearer {token()}").status == 200
    delivered(site, "one", "two")
    assert called(f"Bearer {token('two')}").status == 401
    clock[0] += 61
    assert called(f"Bearer {token('two')}").status == 200
    delivered(site, "two")
    assert called(f"Bearer {token()}").status == 200, "a key that is gone counts until the next look"
    clock[0] += 601
    assert called(f"Bearer {token()}").status == 401


@moto.mock_aws
def test_what_a_pool_of_moto_s_issues_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    idp = boto3.client("cognito-idp", region_name="eu-central-1")
    pool_id = idp.create_user_pool(PoolName="opsdb")["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="console",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        ReadAttributes=["email", "email_verified"],
    )["UserPoolClient"]["ClientId"]
    idp.create_group(UserPoolId=pool_id, GroupName="planner")
    address = [{"Name": "email", "Value": "Ada@opsdb.example"}, {"Name": "email_verified", "Value": "true"}]
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=address)
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password="A-barge-of-2", Permanent=True)
    idp.admin_add_user_to_group(UserPoolId=pool_id, Username="ada", GroupName="planner")
    asked = {"USERNAME": "ada", "PASSWORD": "A-barge-of-2"}
    given = idp.admin_initiate_auth(
        UserPoolId=pool_id, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=asked
    )["AuthenticationResult"]
    keys = {one["kid"]: one for one in load_resource("cognitoidp/resources/jwks-public.json")["keys"]}
    issuer = jwt.decode(given["IdToken"], options={"verify_signature": False})["iss"]
    mine = Pool(issuer, client, None, keys)
    claims = tokens.read(given["IdToken"], mine, keys[jwt.get_unverified_header(given["IdToken"])["kid"]])
    assert (claims.email, claims.role) == ("ada@opsdb.example", "planner")
    with pytest.raises(Unauthenticated, match="not the access token"):
        tokens.read(given["AccessToken"], mine, next(iter(keys.values())))


def test_nobody_in_no_group_is_told_so() -> None:
    pool = Pool(ISSUER, CLIENT, None, {"one": public("one")})
    with pytest.raises(Forbidden, match="none of the groups admin, hr"):
        tokens.read(token(**{"cognito:groups": None}), pool, public("one"))


# The console


def signing_in(given: str) -> Any:
    return Api(None).post("/auth/token", {"id_token": given})


def test_the_pool_s_token_becomes_a_session_of_the_console(pool: None) -> None:
    employee_id = ada()
    first, again = signing_in(token()), signing_in(token(**{"cognito:groups": ["hr"]}))
    assert [one.status for one in (first, again)] == [200, 200]
    assert (first.body["role"], again.body["role"], again.body["employee_id"]) == ("supervisor", "hr", employee_id)
    assert first.headers["Set-Cookie"].startswith("__Host-opsdb=")
    cookie = again.headers["Set-Cookie"].partition(";")[0]
    assert Api(None).call("GET", "/auth/me", headers={"Cookie": cookie}).body["role"] == "hr"
    with make.written() as conn:
        found = conn.execute(text("SELECT username, role, password_hash FROM users")).all()
        told = conn.execute(text("SELECT action, actor FROM audit_log WHERE table_name = 'sign_ins'")).all()
    assert [tuple(one) for one in found] == [("ada.lovelace@opsdb.example", "hr", None)]
    assert [tuple(one) for one in told] == [("sign_in", "user:1")] * 2


def test_no_session_begins_for_who_left_or_was_shut_out_or_forged_it(pool: None) -> None:
    ada(status="Inactive")
    with make.written() as conn:
        conn.execute(text("INSERT INTO users (username, email, is_active) VALUES ('rui', 'rui@opsdb.example', false)"))
    assert signing_in(token()).status == 401
    assert signing_in(token(email="rui@opsdb.example")).status == 401
    assert signing_in(token(aud="somebody else")).status == 401
    with make.written() as conn:
        assert conn.execute(text("SELECT count(*) FROM sessions")).scalar() == 0


def test_anybody_is_told_how_to_sign_in(site: Site) -> None:
    assert Api(None).get("/auth/ways").body == {"password": True, "cognito": None}
    delivered(site, "one")
    tokens.forget()
    assert Api(None).get("/auth/ways").body["cognito"] == {"address": ADDRESS, "client_id": CLIENT}
