"""The command line: one command a verb; each imports what it needs when it is called."""

from salesops_lib.cli.app import main

__all__ = ["main"]
