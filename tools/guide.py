"""Follows the guide in proto/README.md as its reader would: in a new folder it writes the files
that the guide shows, and runs its commands in one shell, which stops at the first that fails.

A block of the language `sh` is run. Another block with a path after its language, such as
"```proto proto/a.proto", is written to that path, and a `diff` is applied. A command under a line
with "This must fail" must fail. BINDERY is the root of this repository.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "proto/README.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
MUST_FAIL = "This must fail:"


def script(text):
    """The commands of the guide, and how many blocks they come from."""
    lines, end, count = ["set -euo pipefail"], 0, 0
    for block in BLOCK.finditer(text):
        language, path, content = block.groups()
        before, end = text[end:block.start()], block.end()
        if language == "sh":
            lines.append(f"echo {quoted('$ ' + content.strip())}")
            if before.rstrip().endswith(MUST_FAIL):
                lines.append(f"if ( {content.strip()} ); then echo 'the command above must fail' >&2; exit 1; fi")
            else:
                lines.append(content)
        elif language == "diff":
            lines.append(f"patch --strip=1 --quiet <<'END OF FILE'\n{content}END OF FILE")
        elif path:
            lines.append(f"mkdir -p {quoted(os.path.dirname(path) or '.')}\ncat >{quoted(path)} <<'END OF FILE'\n{content}END OF FILE")
        else:
            continue
        count += 1
    return "\n".join(lines) + "\n", count


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def main():
    commands, count = script(GUIDE.read_text())
    if count < 10:
        sys.exit(f"only {count} blocks were found in {GUIDE}: is its form as {Path(__file__).name} expects?")
    with tempfile.TemporaryDirectory(prefix="bindery-guide-") as folder:
        environment = {
            **os.environ, "BINDERY": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "guide", "GIT_AUTHOR_EMAIL": "guide@example.org",
            "GIT_COMMITTER_NAME": "guide", "GIT_COMMITTER_EMAIL": "guide@example.org",
        }
        process = subprocess.run(["bash", "-c", commands], cwd=folder, env=environment)
    if process.returncode:
        sys.exit(f"a command of {GUIDE.relative_to(ROOT)} failed: see above")
    print(f"all {count} blocks of {GUIDE.relative_to(ROOT)} work")


if __name__ == "__main__":
    main()
