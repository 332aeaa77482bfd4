"""Under which licence each file of the layer comes: packages name their own, and seldom those of what they bundle."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from local.files import StackError
from local.vendor import packages

COMPONENTS = {
    r"pg_dump|pg_restore|psql|libpq": ("PostgreSQL", "PostgreSQL"),
    r"libssl|libcrypto": ("OpenSSL", "Apache-2.0"),
    r"libz": ("zlib", "Zlib"),
    r"libreadline": ("GNU Readline", "GPL-3.0-or-later"),
    r"libtinfo": ("ncurses", "X11-distribute-modifications-variant"),
    r"libldap|liblber": ("OpenLDAP", "OLDAP-2.8"),
    r"libsasl2": ("Cyrus SASL", "BSD-4-Clause-UC"),
    r"libgssapi_krb5|libkrb5|libk5crypto|libkrb5support": ("MIT Kerberos", "MIT"),
    r"libcom_err": ("e2fsprogs' com_err, also part of MIT Kerberos", "MIT"),
    r"libkeyutils": ("keyutils", "LGPL-2.1-or-later"),
    r"libcrypt": ("libxcrypt", "LGPL-2.1-or-later"),
    r"libselinux": ("SELinux", "public domain"),
    r"libpcre": ("PCRE", "BSD-3-Clause"),
}
"""Beginnings of file names -> whose they are and the licence's SPDX name."""

POSTGRESQL = """\
PostgreSQL Database Management System
(also known as Postgres, formerly known as Postgres95)

Portions Copyright (c) 1996-2026, PostgreSQL Global Development Group
Portions Copyright (c) 1994, The Regents of the University of California

Permission to use, copy, modify, and distribute this software and its documentation for any purpose, without fee, and
without a written agreement is hereby granted, provided that the above copyright notice and this paragraph and the
following two paragraphs appear in all copies.

IN NO EVENT SHALL THE UNIVERSITY OF CALIFORNIA BE LIABLE TO ANY PARTY FOR DIRECT, INDIRECT, SPECIAL, INCIDENTAL, OR
CONSEQUENTIAL DAMAGES, INCLUDING LOST PROFITS, ARISING OUT OF THE USE OF THIS SOFTWARE AND ITS DOCUMENTATION, EVEN IF
THE UNIVERSITY OF CALIFORNIA HAS BEEN ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.

THE UNIVERSITY OF CALIFORNIA SPECIFICALLY DISCLAIMS ANY WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE. THE SOFTWARE PROVIDED HEREUNDER IS ON AN "AS IS"
BASIS, AND THE UNIVERSITY OF CALIFORNIA HAS NO OBLIGATIONS TO PROVIDE MAINTENANCE, SUPPORT, UPDATES, ENHANCEMENTS, OR
MODIFICATIONS.
"""
"""The one that no package brings and that asks to be in every copy."""

HEAD = """\
The PostgreSQL client, as `opsdb vendor` put it together. Every file as its package has it, but that programs look for
their libraries in ../lib, by names that are there.
"""


def notice(arch: str, wheels: Mapping[str, Path], origins: Mapping[str, str]) -> str:
    """The licences file; `origins` is the package by path in the layer."""
    parts = [HEAD, "\n".join(_line(path, origins[path]) for path in sorted(origins)) + "\n"]
    parts.append(f"{_rule('PostgreSQL')}{POSTGRESQL}")
    for pin in packages.pins(arch):
        text = packages.licences(wheels[pin.name])
        if not text:
            raise StackError(f"{pin.name} {pin.version} comes without a licence file")
        parts.append(f"{_rule(f'{pin.name} {pin.version}')}{text}")
    return "\n".join(parts)


def missing(text: str, paths: Iterable[str]) -> list[str]:
    """Those of `paths` of which the licences file says nothing."""
    said = {line.split()[0] for line in text.splitlines() if line.strip()}
    return [path for path in paths if path not in said]


def _line(path: str, package: str) -> str:
    name = path.rsplit("/", 1)[-1]
    for pattern, (component, licence) in COMPONENTS.items():
        if re.match(rf"({pattern})([-.]|$)", name):
            return f"{path}  {component}, {licence}; from {package}"
    raise StackError(f"nobody has said under which licence {name} of {package} comes: add it to {__name__}")


def _rule(title: str) -> str:
    return f"{'=' * 100}\n{title}\n{'=' * 100}\n\n"
