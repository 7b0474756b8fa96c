"""The real Chromium that the journeys drive: found, or installed by apt as root."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


class NoChromium(Exception):
    """Neither on PATH nor installable here."""


def find() -> str:
    """Path of the first Chromium on PATH. NoChromium when there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise NoChromium(
        "The browser journeys need Chromium, and none of "
        f"{', '.join(NAMES)} is on PATH. As root on Debian or Ubuntu `make test` installs it; "
        "otherwise install Chromium and run `make test` again."
    )


def find_or_install() -> str:
    """Path of Chromium, after `apt-get install` when that is possible. NoChromium when not."""
    try:
        return find()
    except NoChromium:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise
    print("Installing Chromium with apt-get", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
    ):
        done = subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            raise NoChromium(
                f"The browser journeys need Chromium, and `{' '.join(command)}` failed."
            )
    return find()
