"""The hosts of a benchmark, as pyinfra reads them: from the JSON file that `PROVISION_BENCH` names."""

import json
import os
from pathlib import Path

hosts = [
    (host.pop("name"), host) for host in json.loads(Path(os.environ["PROVISION_BENCH"]).read_text())["hosts"]
]
