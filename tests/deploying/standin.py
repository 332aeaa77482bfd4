"""An opsdb that can be told what to be: the functions of app.py, answering as they are agreed to, over a file.

Zipped and deployed; the emulator runs it. The "database" is STATE, a JSON file on this machine.
"""

import json
from pathlib import Path

STATE = Path("@state@")
HEAD = "@head@"
KEY = "opsdb_an-admins-key"


def state():
    return json.loads(STATE.read_text()) if STATE.exists() else {"revision": None, "keys": [], "events": []}


def keep(**changed):
    STATE.write_text(json.dumps({**state(), **changed}))


def heard(name, event):
    keep(events=[*state()["events"], [name, event, HEAD]])
    if state().get("failing") == name:
        raise RuntimeError(f"{name} cannot: connection as opsdb_admin with {json.dumps(event)} refused")


def migrate(event, context):
    heard("migrate", event)
    if event.get("plan"):
        return {"current": state()["revision"], "head": HEAD, "keys": state().get("published", [])}
    if state()["revision"] is None and not event.get("bootstrap"):
        raise RuntimeError("there are no roles yet")
    answer = {"revision": HEAD}
    if "admin_key" in event:
        new = not state()["keys"] or event["admin_key"].get("again", False)
        answer["admin_key"] = KEY if new else None
        keep(keys=[*state()["keys"], event["admin_key"]["name"]] if new else state()["keys"])
    keep(revision=HEAD)
    return answer


def nightly_backup(event, context):
    heard("nightly_backup", event)
    return state().get("backup", {"backup_id": "20261122T013000Z-daily-1a2b", "sha256": "00", "tables": {}})


def app(event, context):
    path = event["rawPath"]  # the emulator knows payload 2.0 only
    given = {name.lower(): value for name, value in event["headers"].items()}.get("x-api-key")
    status = 200 if path.startswith("/api/health") or given == KEY else 401
    return {"statusCode": state().get("status", status), "headers": {}, "body": "{}"}


def on_upload(event, context):
    heard("on_upload", event)


sweep_uploads = restore_drill = expire_backups = on_upload
