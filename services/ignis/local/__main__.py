"""`python -m ignis.local [--watch]`: the whole of Ignis on this machine, in the foreground."""

import argparse
import sys

from ignis.local.app import run
from ignis.local.settings import LocalSettings
from ignis.local.terminal import Terminal
from ignis.server.settings import load


def main() -> int:
    """Read the command line and the settings, and run."""
    parser = argparse.ArgumentParser(prog="ignis.local", description=__doc__)
    parser.add_argument(
        "--watch", action="store_true", help="restart a service when its code changes"
    )
    arguments = parser.parse_args()
    return run(load(LocalSettings), Terminal(), watching=arguments.watch)


if __name__ == "__main__":
    sys.exit(main())
