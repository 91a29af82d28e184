"""`python -m contracts` is the command `bifrost-contracts`."""

from contracts.cli import main

if __name__ == "__main__":
    main()
