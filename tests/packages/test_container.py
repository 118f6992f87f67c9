"""The image of the Containerfile, and the services of compose.yaml."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, ordinary_settings, running_standins
from tests.fixtures.paths import ROOT
from tests.packages.debian import BUNDLE, done, needs

LINES = (ROOT / "Containerfile").read_text().replace("\\\n", " ").splitlines()
BASE, IMAGE = "localhost/mikopbx-bot-test-base", "localhost/mikopbx-bot-test"


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{name} ")]


def test_the_image_copies_what_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    copied = {source for line in instructions("COPY") if not line.startswith("--from") for source in line.split()[:-1]}
    sent = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == sent
    assert all((ROOT / source).exists() for source in copied)
    assert (ROOT / ".dockerignore").resolve() == ROOT / ".containerignore"


def test_the_image_runs_as_an_account_of_its_own_with_one_place_to_write() -> None:
    last = max(number for number, line in enumerate(LINES) if line.startswith("FROM "))
    assert instructions("USER") == ["mikopbx-bot"]
    assert any(line.startswith("USER ") for line in LINES[last:])
    assert instructions("VOLUME") == ["/var/lib/mikopbx-bot"]
    assert instructions("ENTRYPOINT") == ['["mikopbx-bot"]']
    assert instructions("CMD") == ['["run"]']
    (check,) = instructions("HEALTHCHECK")
    assert "/healthz" in check
    installs = [line for line in LINES if "pip install" in line]
    assert all(re.search(r"--require-hashes|--no-deps", part) for line in installs for part in line.split("&&")
               if "pip install" in part)  # fmt: skip


def test_the_service_is_confined_also_where_the_image_is_not() -> None:
    bot = (ROOT / "compose.yaml").read_text().split("  bot:\n")[1].split("  database:\n")[0]
    for said in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]', "env_file: .env"):
        assert said in bot
    assert "ports:" not in bot
    assert "privileged" not in bot.replace("no-new-privileges", "")


@pytest.mark.long
@needs("podman", "buildah")
def test_the_image_is_built_and_does_its_work(debian_root: Path, tmp_path: Path) -> None:
    done(["sh", "-c", f"tar -C {debian_root} -c . | podman import --quiet - {BASE}"])
    # Behind a proxy with an authority of its own, pip needs this machine's.
    pip = tmp_path / "pip.conf"
    pip.write_text("[global]\ncert = /ca.crt\n")
    volumes = [f"--volume={BUNDLE}:/ca.crt:ro", f"--volume={pip}:/etc/pip.conf:ro"]
    arguments = [f"--build-arg=BASE={BASE}", "--build-arg=COMMIT=0123abcd", f"--tag={IMAGE}"]
    build = ["podman", "build", "--isolation=chroot", "--network=host", "--format=docker", "--quiet"]
    container = ""
    try:
        done([*build, *volumes, *arguments, "."])
        container = done(["buildah", "from", "--pull-never", IMAGE]).strip()
        run = ["buildah", "run", "--isolation=chroot", "--user=mikopbx-bot"]
        assert "(commit 0123abcd)" in done([*run, container, "--", "mikopbx-bot", "--version"])
        owned = "touch /opt/mikopbx-bot/x || touch /etc/mikopbx-bot/x || touch /x || id -un"
        assert done([*run, container, "--", "sh", "-c", owned]) == "mikopbx-bot\n"
        works(run, container, tmp_path)
    finally:
        subprocess.run(["buildah", "rm", container], capture_output=True, check=False)
        subprocess.run(["podman", "rmi", "--force", IMAGE, BASE], capture_output=True, check=False)


def works(run: list[str], container: str, folder: Path) -> None:
    """Run the bot in the container between the stand-ins, and its health check."""
    inspected = done(["podman", "image", "inspect", "--format={{json .HealthCheck}}", IMAGE])
    assert "/healthz" in inspected
    check = instructions("HEALTHCHECK")[0].split("CMD ", 1)[1]
    code = re.findall(r'"([^"]*)"', check)[-1]
    with running_standins() as harness:
        settings = ordinary_settings(harness.address, folder)
        del settings["DATABASE_URL"]
        given = [f"--env={name}={value}" for name, value in (settings | {"HEALTH_ADDRESS": "127.0.0.1:18080"}).items()]
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*run, *given, container, "--", "mikopbx-bot", "run"], cwd=folder, stdout=output, stderr=output
            )
        try:
            harness.wait_for(lambda: "listening" in log.read_text() or process.poll() is not None, "the start", 40)
            harness.wait_until_known()
            assert "Zadarma" in harness.asks(ANNA, "/trunks")
            done([*run, "--env=HEALTH_ADDRESS=127.0.0.1:18080", container, "--", "python", "-c", code])
            state = done([*run, container, "--", "stat", "-c", "%a %U", "/var/lib/mikopbx-bot/bot.sqlite3"])
            assert state == "600 mikopbx-bot\n"
        finally:
            process.terminate()
            process.wait(20)
