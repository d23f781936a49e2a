"""CI's image is made when it is missing, and made again when it has other packages."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "ci" / "engine.sh"
WANTED = "python3,gcc,libc6-dev,nodejs"
DOCKER = """#!/bin/sh
case "$*" in
  version) ;;
  *RepoTags*) echo 0 ;;
  "image inspect"*) test -z "$ABOUT" && exit 1; echo "$ABOUT" ;;
  "image rm"*) echo "removes $3" ;;
  *) exit 9 ;;
esac
"""


def run(folder: Path, about: str, image: str = "") -> str:
    """What the script does when the engine says this of the image."""
    scripts = folder / "deploy" / "ci"
    scripts.mkdir(parents=True)
    shutil.copy(SCRIPT, scripts)
    for name, text in {"docker": DOCKER, "debootstrap": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    maker = scripts / "base-image.sh"
    maker.write_text('#!/bin/sh\necho makes "$@"\n')
    maker.chmod(0o755)
    env = {"PATH": f"{folder}:{os.defpath}", "ABOUT": about}
    if image:
        env["IGNIS_TEST_IMAGE"] = image
    command = ("bash", scripts / "engine.sh", folder / "engine")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


MADE = f"makes {{}} {WANTED.partition(',')[2].replace(',', ' ')}\n"


@pytest.mark.parametrize(
    ("about", "image", "done"),
    [
        ("", "", MADE.format("ignis-ci-base")),
        ("", "mine", MADE.format("mine")),
        (f"sha256:1 {WANTED}", "", ""),
        (f"sha256:1 {WANTED}", "mine", ""),
        ("sha256:1 ", "", MADE.format("ignis-ci-base") + "removes sha256:1\n"),
        ("sha256:1 python3", "", MADE.format("ignis-ci-base") + "removes sha256:1\n"),
        ("sha256:1 python3", "mine", MADE.format("mine") + "removes sha256:1\n"),
        ("sha256:1 ", "mine", ""),
    ],
    ids=["none", "none named", "same", "same named", "old", "other", "other named", "another's"],
)
def test_what_is_done(tmp_path: Path, about: str, image: str, done: str) -> None:
    """It depends on the packages that the image is labelled with, and on whose image it is."""
    assert done == run(tmp_path, about, image)
