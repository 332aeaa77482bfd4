"""What a deployment came to, for people and for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from opsdb_deploy import stacks
from opsdb_deploy.cloud import Cloud

UNCHANGED = "no changes"


@dataclass
class Outcome:
    """Filled in as it goes, so that what is known is known also when it stops half-way. `stacks` are words by part."""

    stage: str
    region: str = ""
    account: str = ""
    stacks: dict[str, str] = field(default_factory=dict)
    code: str | None = None
    version: str | None = None
    revision: str | None = None
    dump: str | None = None
    seen: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    next_steps: list[str] = field(default_factory=list)
    release: str | None = None
    restored: str | None = None
    admin_key: str | None = None


def addresses(cloud: Cloud) -> dict[str, str]:
    """Where everything is, by what it is called."""
    edge, data = (stacks.outputs(cloud, cloud.stack(part)) for part in ("edge", "data"))
    found = {
        "API": edge.get("Address"),
        "console": f"{edge['Address']}/api/console" if "Address" in edge else None,
        "sign-in page": edge.get("SignInAddress"),
        "DNS target": edge.get("DomainTarget"),
        "user pool": edge.get("UserPool"),
        "uploads bucket": data.get("UploadsBucket"),
        "backups bucket": data.get("BackupsBucket"),
        "releases bucket": data.get("ReleasesBucket"),
    }
    return {name: value for name, value in found.items() if value}


def next_steps(cloud: Cloud, told: Mapping[str, str], edge: Mapping[str, str]) -> Iterator[str]:
    """What is left to people, from the parameters of the watch and the edge stack."""
    network = stacks.outputs(cloud, cloud.stack("network"))
    target = stacks.outputs(cloud, cloud.stack("edge")).get("DomainTarget")
    if target and not edge.get("HostedZoneId"):
        yield f"Make {edge['DomainName']} a CNAME of {target}, where its zone is kept."
    if "VpnConnection" in network:
        yield "Configure the VPN device: docs/vpn.md."
    if told.get("PageMail") or told.get("DailyMail"):
        yield "Answer the mail in which AWS asks whether alarms may be sent; until then none are."
    if not any(told.get(name) for name in ("PageMail", "PageUrl", "DailyMail")):
        yield "Nobody is told of alarms yet: --set PageMail=... and --set DailyMail=... name who is."
