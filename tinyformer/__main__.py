"""`python -m tinyformer`: the command line."""

import sys

from tinyformer.cli import main

if __name__ == "__main__":  # a process that multiprocessing spawns imports this file too
    sys.exit(main())
