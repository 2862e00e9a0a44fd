#!/usr/bin/python3
"""check_example.py LOCKQD LIMITS_H CONF MANUAL: the example configuration is right and whole.

Every setting that is commented out is tried as well; every limit is named in it and in the manual.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def main(lockqd, limits, example, manual):
    text = pathlib.Path(example).read_text()
    said = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(said)
        file.flush()
        for name in (example, file.name):
            subprocess.run([lockqd, "--check", "-c", name], check=True)
    settings = set(re.findall(r"^(\w+) = ", said, flags=re.MULTILINE))
    named = set(re.findall(r"^ +LIMIT\((\w+),", pathlib.Path(limits).read_text(), flags=re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", pathlib.Path(manual).read_text()))
    for file, names in (example, settings), (manual, explained):
        if not named or named - names:
            sys.exit(f"{file} does not name: {', '.join(sorted(named - names)) or 'any limit'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
