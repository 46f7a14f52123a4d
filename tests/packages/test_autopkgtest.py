"""debian/tests, by Debian's own runner, on a machine that has no network but its own."""

import subprocess

from machine import PROJECT, packages


def test_autopkgtest_passes(fresh):
    sources = subprocess.run(
        [PROJECT / "tests/setup/sources"], check=True, stdout=subprocess.PIPE
    ).stdout
    copy = fresh.file("/srv/hlb")
    copy.mkdir()
    subprocess.run(
        f"tar --create --null --files-from=- | tar --extract --directory={copy}",
        shell=True, check=True, input=sources, cwd=PROJECT,
    )  # fmt: skip
    fresh.run("apt-get", "-y", "--no-install-recommends", "install", "autopkgtest")
    done = fresh.run(
        "autopkgtest", "--ignore-restrictions=isolation-container", "-B",
        *packages(fresh.release, "hlbd", "libnss-hlb"), "/srv/hlb", "--", "null",
        check=False, timeout=1200,
    )  # fmt: skip
    text = done.stdout + done.stderr
    print(text[-3000:])
    assert done.returncode == 0
    assert "main-job             PASS" in text
    assert "upstream             PASS" in text
