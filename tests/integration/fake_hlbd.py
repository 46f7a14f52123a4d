"""fake_hlbd.py FILE [LACKING …]   org.hlb1 as hlbctl sees it, saying what FILE says; on the system
bus.

Its ages and latencies hold still, as those of a real hlbd never do, so that whole outputs can be
compared; and without the methods named LACKING it is what an older hlbd is like.

FILE is JSON: {"properties": {…}, "services": [[…] …], "backends": [[…] …], "overrides":
{"SERVICE/ADDRESS": […]}, "events": [[…] …], "aliases": {…}, "resolve": {…}}, each as org.hlb1.xml
has it. A time, which stands at the same places, is a number of seconds before now, or, as a
string, of seconds since 1970. Read anew at each call; each call is appended to FILE.calls.
"""

import json
import sys
import time
import xml.etree.ElementTree
from pathlib import Path

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.hlb1.Manager"
RESOLVER = "org.hlb1.Resolver"
CONTRACT = Path(__file__).parents[2] / "hlbd/data/org.hlb1.xml"


def signature_of(method):
    """What the contract says that a method returns."""
    for each in xml.etree.ElementTree.parse(CONTRACT).iter("method"):
        if each.get("name") == method:
            return "".join(arg.get("type") for arg in each if arg.get("direction") == "out")
    raise KeyError(method)


def timestamp(given):
    """A time of FILE, in microseconds since 1970; 0 for none."""
    if isinstance(given, str):
        return int(float(given) * 1e6)
    return int((time.time() - given) * 1e6) if given else 0


def path_of(service):
    escaped = (c if c.isalnum() else f"_{ord(c):02x}" for c in service)
    return "/org/hlb1/service/" + "".join(escaped)


class Error(dbus.DBusException):
    def __init__(self, name, message):
        super().__init__(message)
        self._dbus_error_name = f"org.hlb1.Error.{name}"


class Fake(dbus.service.Object):
    def __init__(self, file):
        self.file = Path(file)
        self.bus_name = dbus.service.BusName("org.hlb1", dbus.SystemBus(), do_not_queue=True)
        super().__init__(self.bus_name, "/org/hlb1")

    def told(self, key):
        return json.loads(self.file.read_text()).get(key, {})

    def note(self, *call):
        with open(f"{self.file}.calls", "a") as calls:
            calls.write(json.dumps([str(each) for each in call]) + "\n")

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        said = self.told("properties")
        numbers = ("Services", "ServicesDown", "Backends", "BackendsUp")
        properties = {name: dbus.UInt32(said.get(name, 0)) for name in numbers}
        return {
            **properties,
            "Version": said.get("Version", "0.1.0"),
            "ConfigFile": "/etc/hlb/hlbd.toml",
            "StartedAt": dbus.UInt64(timestamp(said.get("StartedAt", 0))),
            "Degraded": dbus.Array(said.get("Degraded", []), signature="s"),
        }

    @dbus.service.method(MANAGER, out_signature=signature_of("ListServices"))
    def ListServices(self):
        return [
            (name, path_of(name), *rest, timestamp(since))
            for name, *rest, since in self.told("services")
        ]

    @dbus.service.method(MANAGER, in_signature="s", out_signature=signature_of("ListBackends"))
    def ListBackends(self, service):
        self.note("ListBackends", service)
        return [
            (name, address, path_of(name), port, state, timestamp(since), *rest)
            for name, address, port, state, since, *rest in self.told("backends")
            if service in ("", name)
        ]

    @dbus.service.method(MANAGER, in_signature="ss", out_signature="a{sv}")
    def GetBackend(self, service, address):
        none = ["", "", 0, 0, 0]
        kind, reason, user, at, until = self.told("overrides").get(f"{service}/{address}", none)
        override = (kind, reason, dbus.UInt32(user), dbus.UInt64(timestamp(at)),
                    dbus.UInt64(timestamp(until)))  # fmt: skip
        return {"Override": dbus.Struct(override, signature="ssutt")}

    @dbus.service.method(MANAGER, in_signature="s", out_signature="s")
    def FindService(self, name):
        service = {**{each[0]: each[0] for each in self.told("services")}, **self.told("aliases")}
        if name not in service:
            raise Error("NoSuchService", f"no service has the name {name}")
        return service[name]

    @dbus.service.method(MANAGER, in_signature="u", out_signature=signature_of("ListEvents"))
    def ListEvents(self, most):
        events = self.told("events")[-most if most else 0:]
        return [(timestamp(at), *rest[:6]) for at, *rest in events]

    @dbus.service.method(MANAGER, in_signature="u", out_signature=signature_of("GetEvents"))
    def GetEvents(self, most):
        keys = ("service", "address", "what", "before", "now", "reason")
        events = []
        for at, *rest in self.told("events")[-most if most else 0:]:
            event = {"time": dbus.UInt64(timestamp(at)), **dict(zip(keys, rest))}
            if len(rest) > len(keys):
                event["user"] = dbus.UInt32(rest[-1])
            events.append(dbus.Dictionary(event, signature="sv"))
        return dbus.Array(events, signature="a{sv}")

    @dbus.service.method(MANAGER, out_signature=signature_of("ListAliases"))
    def ListAliases(self):
        return dbus.Array(list(self.told("aliases").items()), signature="(ss)")

    @dbus.service.method(MANAGER, in_signature="ss", out_signature=signature_of("PreviewOverride"))
    def PreviewOverride(self, targets, kind):
        """Of a target no more than a service, an address, both, or a service's beginning and * is known."""
        rows = self.told("backends")
        out = ("drain", "maintenance", "down")

        def meant(row):
            return any(f"{row[0]}/{row[1]}" == each or row[0] == each or f"*/{row[1]}" == each or
                       each.endswith("*") and row[0].startswith(each[:-1]) for each in targets.split())  # fmt: skip

        def answered(row, then):
            return row[8] > 0 and not (then and meant(row) and kind in out)

        def sum_of(service, then):
            return dbus.UInt32(sum(answered(row, then) for row in rows if row[0] == service))

        return dbus.Array(
            [(row[0], row[1], row[6], kind, sum_of(row[0], False), sum_of(row[0], True))
             for row in rows if meant(row) and (kind or row[6])], signature="(ssssuu)",
        )  # fmt: skip

    @dbus.service.method(RESOLVER, in_signature="si", out_signature=signature_of("Resolve"))
    def Resolve(self, name, _family):
        said = self.told("resolve").get(name)
        if said is None:
            raise Error("NoSuchService", f"{name}: no service has this name")
        if not said:
            raise Error("NoHealthyBackend", f"{name}: none of its backends is healthy")
        return name, said

    @dbus.service.method(MANAGER, in_signature="ssts", out_signature="u")
    def SetOverride(self, target, kind, duration, reason):
        self.note("SetOverride", target, kind, duration, reason)
        return self.told("concerned").get(target, 0)

    @dbus.service.method(MANAGER, in_signature="s", out_signature="u")
    def ClearOverride(self, target):
        self.note("ClearOverride", target)
        return self.told("concerned").get(target, 0)

    @dbus.service.method(MANAGER, out_signature=signature_of("PreviewReload"))
    def PreviewReload(self):
        return dbus.Array(self.told("reload") or [], signature="(sss)")

    @dbus.service.method(MANAGER)
    def Reload(self):
        self.note("Reload")


def main(file, *lacking):
    for method in lacking:
        for table in Fake._dbus_class_table.values():
            for methods in table.values():
                methods.pop(method, None)
        delattr(Fake, method)
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    fake = Fake(file)
    print("ready", flush=True)
    GLib.MainLoop().run()
    fake.remove_from_connection()


main(*sys.argv[1:])
