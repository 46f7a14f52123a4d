"""System buses of a test's own: dbus-daemon or dbus-broker, with the policy that is shipped."""

import json
import shutil
import socket
import subprocess
from pathlib import Path

from programs import as_user
from waiting import until
from world import HERE, environment, run

POLICY = HERE.parents[1] / "hlbd/data/org.hlb1.conf"
# As Debian's /usr/share/dbus-1/system.conf has it: nobody may own a name, or send a method call,
# unless a policy that is included says so. But for its type: of a "system" bus dbus-daemon 1.16 demands a
# limit of 65,536 descriptors, which a container may refuse.
SETTINGS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <includedir>{policies}</includedir>
</busconfig>
"""


class SystemBus:
    """A private dbus-daemon in the system bus's place, with hlb's policy."""

    def __init__(self, stage, *policies, settings=SETTINGS):
        self.folder = stage.new_folder()
        for parent in self.folder.parents:  # other users are to reach the socket
            if parent.is_relative_to("/run/tests"):
                parent.chmod(0o755)
        self.folder.chmod(0o755)
        self.socket = self.folder / "socket"
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.socket}"}
        policy_folder = self.folder / "system.d"
        policy_folder.mkdir()
        for policy in (POLICY, *policies):
            shutil.copy(policy, policy_folder)
        self.settings = self.folder / "bus.conf"
        self.settings.write_text(settings.format(socket=self.socket, policies=policy_folder))
        self.program = stage.program(*self.command())
        until(self.socket.exists, "the bus's socket")
        if settings == SETTINGS:
            self.wait()

    def command(self):
        command = ("dbus-daemon", "--nofork", "--nopidfile", "--nosyslog")
        return (*command, f"--config-file={self.settings}")

    def wait(self):
        until(self.answers, "the system bus")
        self.socket.chmod(0o666)

    def answers(self):
        bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        return self.busctl("call", *bus, "GetId").returncode == 0

    def busctl(self, *words, user="root"):
        command = ["busctl", "--system", *words]
        if user != "root":
            command = [*as_user(user), *command]
        return run(*command, env=environment(**self.env), check=False)

    def resolve(self, name, family=0):
        address = ("org.hlb1", "/org/hlb1", "org.hlb1.Resolver")
        return self.busctl("call", *address, "Resolve", "si", name, family)

    def manager(self, method, *arguments, user="root"):
        """The completed call of org.hlb1.Manager."""
        address = ("org.hlb1", "/org/hlb1", "org.hlb1.Manager")
        return self.busctl("--json=short", "call", *address, method, *arguments, user=user)

    def ask(self, method, *arguments, user="root"):
        """What org.hlb1.Manager answers."""
        call = self.manager(method, *arguments, user=user)
        assert call.returncode == 0, call.stderr
        return json.loads(call.stdout)["data"] if call.stdout.strip() else []

    def property(self, name, path="/org/hlb1", interface="org.hlb1.Manager", user="root"):
        words = ("--json=short", "get-property", "org.hlb1", path, interface, name)
        answer = self.busctl(*words, user=user).stdout
        return json.loads(answer)["data"] if answer else None

    def monitor(self, stage):
        """A program whose log shows all messages."""
        command = ["busctl", "--system", "--json=short", "monitor"]
        monitor = stage.program(*command, env=environment(**self.env))
        until(lambda: self.answers() and "GetId" in monitor.log(), "the monitor")
        return monitor

    def restart(self):
        self.program.kill()
        self.socket.unlink(missing_ok=True)
        self.program.start()
        self.wait()


class Journal:
    """Takes what is logged to the journal, and drops it: dbus-broker does not start without."""

    def __init__(self):
        self.path = Path("/run/systemd/journal/socket")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))

    def close(self):
        self.socket.close()
        self.path.unlink()


class BrokerBus(SystemBus):
    """The same by dbus-broker."""

    def __init__(self, stage, *policies):
        stage.add(Journal())
        super().__init__(stage, *policies)

    def command(self):
        # It joins the bus that it launches.
        address = f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={self.socket}"
        activate = ("systemd-socket-activate", "-l", self.socket, "-E", address)
        return (*activate, "dbus-broker-launch", "--scope", "system",
                f"--config-file={self.settings}")


def add_group(name, *members):
    """Makes a group in this world's /etc, and the users that are to be in it."""
    for member in (name, *members):
        subprocess.run(["useradd", "--system", "--no-create-home", member], check=False)
    for member in members:
        subprocess.run(["usermod", "--append", "--groups", name, member], check=True)


