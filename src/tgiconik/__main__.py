"""`python -m tgiconik`: the command line, the same as the console script `tgiconik`."""

import sys

from tgiconik.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
