"""`python -m dastap precompile [FILE]`: compiles the component once, when a function or a container is packed.

FILE: by default beside the component, where it is found by itself; elsewhere, set DASTAP_IMAGE to it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List

from .errors import DastapError
from .sandbox.component import component_file, precompile


def main(arguments: List[str]) -> int:
    """The exit code."""
    if arguments[:1] != ["precompile"] or len(arguments) > 2:
        print("expected: python -m dastap precompile [FILE]", file=sys.stderr)
        return 2
    try:
        target = Path(arguments[1]) if arguments[1:] else component_file().with_suffix(".cwasm")
        precompile(target)
    except (DastapError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
