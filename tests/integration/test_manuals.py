"""The manuals say what there is and nothing else: each is compared with the programs."""

import re
import tomllib
import xml.etree.ElementTree as xml

import pytest
from world import BUILD, HERE, run

ROOT = HERE.parents[1]
MANUALS = ROOT / "hlbd/man"
HELP = "--help"  # each command's; it is told once, with the options of all


# ---- pages -----------------------------------------------------------------------------------


def page(name):
    return (MANUALS / name).read_text(encoding="utf-8")


def sections(text):
    """The sub-sections by their titles; what stands before the first one has none."""
    found = {"": ""}
    title = ""
    for line in text.splitlines():
        if line.startswith((".Ss ", ".Sh ")):
            title = re.split(r" (?:Op|Ar) ", line[4:])[0] if line.startswith(".Ss ") else ""
        found[title] = found.get(title, "") + line + "\n"
    return found


def tags(text, macro):
    """What the tags of lists are, by a macro: those of `.It Ic send , expect`."""
    lines = re.findall(rf"^\.It {macro} (.*)$", text, re.MULTILINE)
    words = [word for line in lines for word in re.split(r" , ", line)]
    return {word.split()[0] for word in words}


# ---- options ---------------------------------------------------------------------------------


def help_of(*command):
    return run(BUILD / command[0], *command[1:], HELP).stdout


def options_of(*command):
    """The long options that --help lists, --help itself left out."""
    part = help_of(*command).partition("\nOptions:\n")[2].partition("\n\n")[0]
    lines = re.findall(r"^  (-\S+)", part, re.MULTILINE)
    assert lines
    return {name for line in lines for name in line.split(",") if name.startswith("--")} - {HELP}


def subcommands_of(*command):
    part = help_of(*command).partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\S+) ", part, re.MULTILINE)


def described_options(text):
    """Those that a list of the page describes."""
    lines = re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE)
    return {"--" + name for line in lines for name in re.findall(r"\bFl -([a-z-]+)", line)} - {HELP}


def mentioned_options(text):
    return {"--" + name for name in re.findall(r"\bFl -([a-z-]+)", text)}


def test_hlbd_8_describes_every_option_of_hlbd_and_no_other():
    text = page("hlbd.8")
    assert described_options(text) == options_of("hlbd")
    assert mentioned_options(text) == options_of("hlbd") | {HELP}


def commands_by_section():
    """The sub-commands of hlbctl, by the title of the section that names nothing but such."""
    names = subcommands_of("hlbctl")
    found = {}
    for title in sections(page("hlbctl.1")):
        titled = re.split(r", | and ", title)
        if set(titled) <= set(names):
            nested = [(name, each) for name in titled for each in subcommands_of("hlbctl", name)]
            found[title] = nested or [(name,) for name in titled]
    assert {command[0] for group in found.values() for command in group} == set(names)
    return found


def test_hlbctl_1_describes_every_subcommand_with_its_options_and_no_others():
    text = page("hlbctl.1")
    by_title = sections(text)
    for title, commands in commands_by_section().items():
        options = set().union(*(options_of("hlbctl", *command) for command in commands))
        assert described_options(by_title[title]) == options, title
        for command in commands:
            assert re.search(rf"^\.Cm (.* )?{' '.join(command)}\b", text, re.MULTILINE), "SYNOPSIS"


def test_hlbctl_1_describes_the_options_of_hlbctl_as_a_whole():
    own = set(sections(page("hlbctl.1"))) - set(commands_by_section())
    text = "".join(sections(page("hlbctl.1"))[title] for title in own)
    assert described_options(text) == options_of("hlbctl")


def test_no_manual_mentions_an_option_that_is_nowhere():
    commands = [("hlbd",), ("hlbctl",)]
    commands += [("hlbctl", *each) for group in commands_by_section().values() for each in group]
    there = set().union(*(options_of(*command) for command in commands)) | {HELP}
    for manual in [*MANUALS.iterdir(), ROOT / "libnss_hlb/libnss_hlb.8"]:
        assert mentioned_options(manual.read_text(encoding="utf-8")) <= there, manual.name


# ---- the configuration -----------------------------------------------------------------------

# Refused as unknown, like no key there is: the parser then lists all that it knows.
UNKNOWN = "zzzzzzzzzzzzzzzz"
SERVICE = '[[service]]\nname = "a.test"\nbackends = ["127.0.0.1"]\n'


@pytest.fixture
def known_keys(tmp_path):
    def known(text):
        """The keys that the parser names instead of UNKNOWN, which stands in the text."""
        complaint = complaint_of(tmp_path, text)
        [listed] = re.findall(rf'unknown key "{UNKNOWN}" in .*?; remove it, or use (.*)', complaint)
        return set(re.findall(r'"(\w+)"', listed))

    return known


def complaint_of(folder, text):
    (folder / "hlbd.toml").write_text(text)
    command = (BUILD / "hlbd", "--check-config", "--config", folder / "hlbd.toml")
    return run(*command, check=False).stderr


def check_of(kind):
    return f'{SERVICE}[service.check]\ntype = "{kind}"\n{UNKNOWN} = 1\n'


def described_keys(title):
    return tags(sections(page("hlbd.toml.5"))[title], "Ic")


def test_hlbd_toml_5_describes_every_key_outside_of_checks_and_no_other(known_keys):
    assert described_keys("Daemon") == known_keys(f"[daemon]\n{UNKNOWN} = 1\n")
    assert described_keys("Services") == known_keys(f"[[service]]\n{UNKNOWN} = 1\n")
    backends = SERVICE.replace('"127.0.0.1"', f"{{ {UNKNOWN} = 1 }}")
    assert described_keys("Backends") == known_keys(backends)
    assert described_keys("Agents") == known_keys(f"{SERVICE}[service.agent]\n{UNKNOWN} = 1\n")
    assert described_keys("Fleet") == known_keys(f"[fleet]\n{UNKNOWN} = 1\n")
    assert described_keys("Registrations") == known_keys(f"[[register]]\n{UNKNOWN} = 1\n")
    assert known_keys(f"{UNKNOWN} = 1\n") == {"daemon", "fleet", "register", "service"}


@pytest.fixture
def keys_by_type(tmp_path, known_keys):
    complaint = complaint_of(tmp_path, check_of(UNKNOWN))
    [types] = re.findall(r'"type" must be (.*), not', complaint)
    return {kind: known_keys(check_of(kind)) for kind in re.findall(r'"(\w+)"', types)}


def test_hlbd_toml_5_describes_every_type_of_check_and_no_other(keys_by_type):
    titles = re.findall(r"^\.Ss Checks of type (\w+)$", page("hlbd.toml.5"), re.MULTILINE)
    assert titles == list(keys_by_type)


def test_hlbd_toml_5_describes_every_key_of_a_check_and_no_other(keys_by_type):
    common = described_keys("Checks")
    of_type = {kind: described_keys(f"Checks of type {kind}") for kind in keys_by_type}
    # https has the keys of http as well; tls and grpc those of TLS, which https describes.
    of_type["tls"] |= of_type["https"]
    of_type["grpc"] |= of_type["https"]
    of_type["https"] = of_type["https"] | of_type["http"]
    for kind, known in keys_by_type.items():
        without_port = set() if "port" in known else {"port"}
        assert common | of_type[kind] == known | without_port, kind


def test_every_key_of_the_sample_is_described_and_every_key_described_is_in_the_sample():
    manual = sections(page("hlbd.toml.5"))
    described = set().union(*(tags(text, "Ic") for text in manual.values()))
    sample = set(re.findall(r"\b([a-z_]+) = ", (ROOT / "hlbd/data/hlbd.toml").read_text()))
    assert sample - described == {"regex", "hex"}  # described with expect_body, and send and expect
    assert described - sample == {"check"}  # a table of its own there


def test_every_table_of_hlbd_toml_5_can_be_pasted_as_one():
    text = page("hlbd.toml.5")
    blocks = re.findall(r"^\.Bd -literal.*?\n(\[[\[a-z.]+\]+\n.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        tomllib.loads(block.replace(r"\e", "\\").replace(r"\(dq", '"'))


# ---- the bus ---------------------------------------------------------------------------------


def arguments_of(method, direction):
    default = "in" if method.tag == "method" else direction  # a signal's have no direction
    return [
        f"{each.get('type')} {each.get('name')}"
        for each in method.findall("arg")
        if each.get("direction", default) == direction
    ]


def interfaces_of_the_bus():
    """Each interface's members as {name: what they take and give}."""
    found = {}
    for interface in xml.parse(ROOT / "hlbd/data/org.hlb1.xml").getroot().findall("interface"):
        members = found.setdefault(interface.get("name"), {})
        for each in interface.findall("property"):
            members[each.get("name")] = each.get("type")
        for each in [*interface.findall("method"), *interface.findall("signal")]:
            out = arguments_of(each, "out") if each.tag == "method" else []
            members[each.get("name")] = (arguments_of(each, "in"), out)
    return found


def described_members(text):
    found = {}
    for name, kind in re.findall(r"^\.It Va (\w+) Pq Sy (\S+)$", text, re.MULTILINE):
        found[name] = kind
    for name, rest in re.findall(r"^\.It Fn (\w+)(.*)$", text, re.MULTILINE):
        given = re.findall(r"\bSy (\S+) No (\w+)", rest)
        found[name] = (re.findall(r'"([^"]+)"', rest), [f"{kind} {out}" for kind, out in given])
    return found


def test_org_hlb1_5_describes_every_method_property_and_signal_and_no_other():
    by_title = sections(page("org.hlb1.5"))
    interfaces = interfaces_of_the_bus()
    assert set(interfaces) == {title for title in by_title if title.startswith("org.hlb1.")}
    for name, members in interfaces.items():
        assert described_members(by_title[name]) == members, name


def test_org_hlb1_5_describes_every_error_of_hlb_and_no_other():
    contract = (ROOT / "libnss_hlb/bus.h").read_text()
    errors = set(re.findall(r"\borg\.hlb1\.Error\.\w+", contract))
    described = tags(sections(page("org.hlb1.5"))["Errors"], "Li")
    assert {each for each in described if each.startswith("org.hlb1.")} == errors


def test_org_hlb1_5_names_what_polkit_is_asked_for():
    policy = xml.parse(ROOT / "hlbd/data/org.hlb1.policy").getroot()
    for action in policy.findall("action"):
        assert f".Li {action.get('id')}" in page("org.hlb1.5")
