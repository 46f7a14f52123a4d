"""A broken configuration: at the start a clear end, on reload a complaint and nothing else."""

import random
import re
import shutil
import signal

import pytest
from lookups import lookup
from world import BUILD, config, run, service

A, B = "127.0.0.11", "127.0.0.12"
GOOD = config(service("good.test", [A]))
BROKEN_NAME = 'name = "broken.test"\nbackends = ["127.0.0.12"]\n'
BROKEN_CHECK = 'check = { type = "tcp", port = 8082 }\n'

# What the file holds → where and what the complaint is.
FAULTS = {
    "not-toml": ("[[service]\nname = 1\n", r":1:\d+: "),
    "wrong-type": ("[[service]]\nname = 7\n", r":2:\d+: .*name"),
    "unknown-key": (
        "[[service]]\n" + BROKEN_NAME + "color = 'red'\n" + BROKEN_CHECK,
        r":4:\d+: .*color",
    ),
    "no-name": ("\n[[service]]\nbackends = ['127.0.0.1']\n" + BROKEN_CHECK, r":2:\d+: .*name"),
    "duplicate-name": (
        2 * ("[[service]]\n" + BROKEN_NAME + BROKEN_CHECK),
        r":6:\d+: .*broken\.test",
    ),
    "bad-address": (
        "[[service]]\nname = 'broken.test'\nbackends = ['10.0.0.256']\n" + BROKEN_CHECK,
        r":3:\d+: .*10\.0\.0\.256",
    ),
    "bad-duration": ("[daemon]\nmax_stale = '10 parsecs'\n", r":2:\d+: .*parsecs"),
    "empty": ("", r".*: .*service"),
    "noise": (random.Random(7).randbytes(200_000).decode("latin-1"), r":\d+:\d+: "),
    "10-MB-of-noise": (random.Random(7).randbytes(5_000_000).decode("latin-1"), r": .*1 MiB"),
}


def place(file, pattern):
    return str(file).replace(".", r"\.") + pattern


@pytest.fixture
def hlbd(stage):
    stage.backend(A, B)
    return stage.hlbd(GOOD)


def assert_still_serves(hlbd):
    assert hlbd.running()
    assert lookup("good.test", family="inet").addresses == [A]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_on_reload_is_complained_of_and_the_old_one_serves_on(hlbd, fault):
    text, complaint = FAULTS[fault]
    hlbd.reload(text)
    hlbd.wait_for_log(place(hlbd.config_file, complaint))
    assert_still_serves(hlbd)
    hlbd.reload(config(service("good.test", [A]), service("better.test", [B])))
    assert lookup("better.test", family="inet").addresses == [B]


def test_a_folder_in_the_file_s_place_on_reload_leaves_the_old_one_serving(hlbd):
    hlbd.config_file.unlink()
    hlbd.config_file.mkdir()
    hlbd.signal(signal.SIGHUP)
    hlbd.wait_for_log(place(hlbd.config_file, ": .*directory"))
    assert_still_serves(hlbd)


def test_a_file_that_is_gone_on_reload_leaves_the_old_one_serving(hlbd):
    hlbd.config_file.unlink()
    hlbd.signal(signal.SIGHUP)
    hlbd.wait_for_log(place(hlbd.config_file, ": .*"))
    assert_still_serves(hlbd)


def test_a_broken_file_of_services_d_on_reload_leaves_the_old_ones_serving(hlbd):
    folder = hlbd.config_file.parent / "services.d"
    folder.mkdir()
    (folder / "more.toml").write_text(service("more.test", [B]))
    hlbd.reload(GOOD)
    assert lookup("more.test", family="inet").addresses == [B]
    (folder / "more.toml").write_text("[[service]]\nname = 7\n")
    hlbd.reload(GOOD)
    hlbd.wait_for_log(place(folder / "more.toml", r":2:\d+: "))
    assert lookup("more.test", family="inet").addresses == [B]
    assert_still_serves(hlbd)
    shutil.rmtree(folder)


def start_with(folder, text, *options):
    file = folder / "hlbd.toml"
    file.write_text(text)
    command = [BUILD / "hlbd", "--config", file, "--runtime-dir", folder / "run"]
    command += ["--state-dir", folder / "state", "--bus", "none", *options]
    return file, run(*command, check=False, timeout=10)


@pytest.mark.parametrize("option", [(), ("--check-config",)], ids=["", "check-config"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_at_the_start_ends_hlbd_with_the_same_complaint(tmp_path, fault, option):
    text, complaint = FAULTS[fault]
    file, ended = start_with(tmp_path, text, *option)
    assert ended.returncode == 1
    assert re.search(place(file, complaint), ended.stderr)


def test_check_config_accepts_a_good_file_and_starts_nothing(tmp_path):
    _, ended = start_with(tmp_path, GOOD, "--check-config")
    assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "run").exists()


def test_check_config_says_how_many_services_there_are(tmp_path):
    more = config(service("good.test", [A]), service("better.test", [B]))
    for text, services in [(GOOD, "1 service"), (more, "2 services")]:
        file, ended = start_with(tmp_path, text, "--check-config")
        assert ended.stdout == f"{file}: ok, {services}\n"


def test_the_log_counts_a_single_service_as_one(hlbd):
    hlbd.wait_for_log("checking the backends of 1 service\n")
    hlbd.wait_for_log("ready: 1 of 1 service has a healthy backend\n")


@pytest.mark.parametrize("line, said", [
    ("--foo", '"--foo" is no option of hlbd; see hlbd --help'),
    ("--check-confg", '"--check-confg" is no option of hlbd; did you mean --check-config? See hlbd --help'),
    ("hlbd.toml", '"hlbd.toml" is no option of hlbd; see hlbd --help'),
    ("--config", "--config: 1 required FILE missing; see hlbd --help"),
])  # fmt: skip
def test_a_slip_on_the_command_line_is_told_with_what_was_meant(line, said):
    ended = run(BUILD / "hlbd", line, check=False)
    assert ended.returncode != 0
    assert (ended.stdout, ended.stderr) == ("", f"hlbd: {said}\n")


def with_stray_file(folder):
    (folder / "services.d").mkdir()
    (folder / "services.d/more.conf").write_text(service("more.test", [B]))
    return f'{folder}/services.d: files whose names don\'t end in .toml are not read; ' \
           'rename or move "more.conf"'  # fmt: skip


def test_check_config_names_files_that_are_not_read(tmp_path):
    warning = with_stray_file(tmp_path)
    file, ended = start_with(tmp_path, GOOD, "--check-config")
    assert (ended.returncode, ended.stderr) == (0, warning + "\n")
    by_hlbctl = run(BUILD / "hlbctl", "check-config", file, check=False)
    assert (by_hlbctl.returncode, by_hlbctl.stderr) == (0, warning + "\n")
    assert by_hlbctl.stdout == f"{file}: ok, 1 service\n"


def test_a_reload_logs_which_files_are_not_read(hlbd):
    warning = with_stray_file(hlbd.config_file.parent)
    hlbd.reload(GOOD)
    hlbd.wait_for_log("warning " + re.escape(warning))
    assert_still_serves(hlbd)
    shutil.rmtree(hlbd.config_file.parent / "services.d")


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    file, ended = start_with(tmp_path, "[[service]]\nname = 7\ncolor = 1\n", "--check-config")
    assert f"{file}:2:" in ended.stderr and f"{file}:3:" in ended.stderr
