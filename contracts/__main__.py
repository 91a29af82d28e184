"""`python -m contracts` and the script `bifrost-contracts`: the command as a process of its own."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command; signals that come before or after it end the process without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from contracts.cli.app import main as run

        run()
    finally:  # the exit status is decided
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
