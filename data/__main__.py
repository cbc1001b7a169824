"""`python -m data`: the command line for everything an operator scripts."""

import sys

from data.command import main

sys.exit(main(sys.argv[1:]))
