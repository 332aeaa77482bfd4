"""Everything that is looked at in a stage of AWS, in the order in which it is told."""

from collections.abc import Mapping

from opsdb_deploy import (
    doctor_api,
    doctor_buckets,
    doctor_database,
    doctor_functions,
    doctor_pool,
    doctor_stacks,
    doctor_watch,
)
from opsdb_deploy.doctor import Check
from opsdb_deploy.doctor_subject import Stage

CHECKS: Mapping[str, Check[Stage]] = {
    "account": doctor_stacks.account,
    "stacks": doctor_stacks.stacks,
    "alarms": doctor_watch.alarms,
    "who is told": doctor_watch.told,
    "API": doctor_api.answers,
    "API certificate": doctor_api.served_certificate,
    "certificates": doctor_api.own_certificates,
    "user pool": doctor_pool.keys,
    "database": doctor_database.status,
    "database settings": doctor_database.settings,
    "database storage": doctor_database.storage,
    "database versions": doctor_database.versions,
    "database maintenance": doctor_database.maintenance,
    "newest backup": doctor_buckets.newest_backup,
    "buckets": doctor_buckets.settings,
    "upload notification": doctor_buckets.notification,
    "functions": doctor_functions.functions,
    "runtimes": doctor_functions.runtimes,
    "concurrency": doctor_functions.concurrency,
    "queues": doctor_functions.queues,
    "logs": doctor_functions.logs,
    "VPN": doctor_watch.vpn,
}
