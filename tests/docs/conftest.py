"""Where there is neither a built site nor what builds one, tests of the site are not collected."""

import os
from importlib.util import find_spec

collect_ignore = [] if os.environ.get("TGICONIK_SITE") or find_spec("mkdocs") else ["test_site.py"]
