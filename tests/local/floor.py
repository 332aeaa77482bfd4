"""`python -m tests.local.floor DATA PORT ROOT`: the stack over a small app, without the real schema."""

import sys
import types
from pathlib import Path
from urllib.parse import urlsplit

APP = """
import json
from chalice import Chalice

app = Chalice(app_name="small")

@app.route("/api/health")
def health():
    return {"status": "ok"}

@app.on_s3_event(bucket="named-by-the-environment", prefix="incoming/", events=["s3:ObjectCreated:*"])
def on_upload(event):
    print(json.dumps({"uploaded": event.key}), flush=True)

@app.schedule("cron(30 1 * * ? *)")
def nightly_backup(event):
    print("never in a test")
"""


def make_root(folder: Path) -> Path:
    """A repository with nothing but the small app."""
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "small", "stages": {"local": {}}}')
    (folder / "app.py").write_text(APP)
    return folder


def prepare(settings: dict[str, str], demo: bool) -> str:
    from chalicelib.migrations.steps import bootstrap

    urls = [urlsplit(settings[name]) for name in settings if name.endswith("DATABASE_URL")]
    passwords = {url.username: url.password for url in urls if url.username != "opsdb_admin"}
    bootstrap(settings["OPSDB_ADMIN_DATABASE_URL"], database=urls[0].path[1:], passwords=passwords)
    return "key-of-the-test"


if __name__ == "__main__":
    stub = types.ModuleType("local.prepare")
    stub.prepare = prepare  # type: ignore[attr-defined]
    sys.modules["local.prepare"] = stub
    from local import stack
    from local.files import StackError

    data, port, root = sys.argv[1:]
    try:
        stack.up(Path(data), int(port) if port else None, demo=False, root=Path(root))
    except StackError as error:
        sys.exit(str(error))
