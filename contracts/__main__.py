"""`python -m contracts` is the command `bifrost-contracts`."""

from contracts.cli.app import main

if __name__ == "__main__":
    main()
