"""The name of an activity stream, which tells whose stream it is."""

from __future__ import annotations

import re
from typing import Optional


def resource_of(name: str) -> Optional[str]:
    """The resource id in the name or ARN of a stream: what follows `aws-rds-das-`. None in the name of any other
    stream, such as one that copies come through; then the `resources` of the settings are tried."""
    for part in re.split("[/:]", name):
        if re.match("aws-rds-das-(cluster|db)-.", part):
            return part[len("aws-rds-das-") :]
    return None
