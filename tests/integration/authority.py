"""An authority whose certificates the backends of a test show."""

import contextlib
import ipaddress
from pathlib import Path

from world import run


def alternative(name):
    """A name, or an address, as subjectAltName has it."""
    with contextlib.suppress(ValueError):
        return f"IP:{ipaddress.ip_address(name)}"
    return f"DNS:{name}"


class Authority:
    """Makes certificates, by openssl, in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name.replace(" ", "-")
        self.openssl("req -x509 -days 90", self.name, subject=name)

    def path(self, name, kind="pem"):
        return str(self.folder / f"{name}.{kind}")

    @property
    def certificate(self):
        return self.path(self.name)

    def read(self):
        return Path(self.certificate).read_text()

    def openssl(self, words, name, subject=None, prefix=()):
        new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout"
        options = [*new.split(), self.path(name, "key"), "-out", self.path(name)]
        run(*prefix, "openssl", *words.split(), *options, "-subj", f"/CN={subject or name}")
        return self.path(name)

    def issue(self, name, names, days=30, from_day=0):
        """A certificate for `names`, valid from so many days ahead."""
        self.openssl("req -new", name)
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName = " + ",".join(map(alternative, names)))
        then = ("faketime", "-f", f"{from_day:+}d") if from_day else ()
        run(
            *then, "openssl", "x509", "-req", "-in", self.path(name), "-out", self.path(name),
            "-CA", self.certificate, "-CAkey", self.path(self.name, "key"), "-CAcreateserial",
            "-days", days, "-extfile", extensions,
        )  # fmt: skip
        return self.path(name)
