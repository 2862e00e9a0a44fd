#!/usr/bin/python3
"""check_manual.py PROGRAM PAGE...: every verb and option of the program is in its manual page, and no other."""
import pathlib
import re
import subprocess
import sys


def words(text):
    """Verbs stand at the beginning of a line that is set in by two; options begin with two dashes."""
    return (set(re.findall(r"^  ([a-z]+) ", text, flags=re.MULTILINE))
            | set(re.findall(r"--[a-z][a-z-]+", text)))


def main(*arguments):
    for program, page in zip(arguments[::2], arguments[1::2]):
        told = words(subprocess.run([program, "--help"], check=True, capture_output=True,
                                    text=True).stdout)
        text = pathlib.Path(page).read_text(encoding="utf-8").replace("\\-", "-")
        written = set(re.findall(r"--[a-z][a-z-]+", text)) | set(
            re.findall(r"^\.BR? ([a-z]+)", text, flags=re.MULTILINE))
        missing = told - written
        invented = {word for word in written if word.startswith("--")} - told
        if not told or missing or invented:
            sys.exit(f"{page}: lacks {sorted(missing)}, has {sorted(invented)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
