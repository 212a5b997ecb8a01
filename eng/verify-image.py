"""Fails unless the image that this runs in is what a sandbox needs: who, where, which programs, which modules."""

import importlib
import os
import pwd
import shutil
import subprocess
import sys

MODULES = """
argparse array asyncio base64 bisect bz2 calendar collections concurrent.futures configparser contextlib csv ctypes
dataclasses datetime decimal difflib doctest email enum fcntl fractions functools glob gzip hashlib heapq hmac html http.client
http.server importlib.metadata inspect io itertools json linecache locale logging lzma math mimetypes mmap multiprocessing
operator os pathlib pickle platform pprint pty queue random re readline resource sched secrets select selectors shelve shlex
shutil signal socket sqlite3 ssl statistics string struct subprocess sysconfig tarfile tempfile termios textwrap threading
time timeit tokenize tomllib traceback types typing unicodedata unittest unittest.mock urllib.request uuid venv weakref
xml.etree.ElementTree zipfile zlib zoneinfo
""".split()

problems = []


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        problems.append(f"{what} is {found!r}, not {wanted!r}")


expect("uid", os.getuid(), 1000)
expect("gid", os.getgid(), 1000)
expect("the user's name", pwd.getpwuid(1000).pw_name, "user")
expect("the user's home", pwd.getpwuid(1000).pw_dir, "/root")
expect("the working directory", os.getcwd(), "/root")
for link in ("/workspace", "/home/user"):
    expect(link, os.path.realpath(link), "/root")
for program in ("bash", "python3", "python", "ls", "grep", "sed", "tar"):
    if shutil.which(program) is None:
        problems.append(f"{program} is missing")
for module in MODULES:
    try:
        importlib.import_module(module)
    except Exception as error:
        problems.append(f"import {module}: {error}")

# A file in the home can be written and run; nothing else can be written.
with open("/workspace/probe", "w") as script:
    script.write("#!/bin/bash\necho works\n")
os.chmod("/root/probe", 0o755)
expect("a script in the home", subprocess.run(["/home/user/probe"], capture_output=True, text=True).stdout, "works\n")
expect("the encoding of stdout", sys.stdout.encoding, "utf-8")

# Without compiled files, on a read-only file system, each start would compile the library anew.
if not os.path.exists(importlib.util.cache_from_source(os.__file__)):
    problems.append("the standard library is not compiled")

for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
