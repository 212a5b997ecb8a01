"""Fails unless the image that this runs in is what a sandbox needs: who, where, which programs, which modules, which rights of files.

It is executed as a user whose number the image does not know, as every sandbox has a number of its own.
"""

import importlib
import os
import pwd
import shutil
import stat
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

# Where the template has its home.
HOME = os.environ.get("USER_HOME", "/root")

problems = []


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        problems.append(f"{what} is {found!r}, not {wanted!r}")


expect("the user's name", pwd.getpwuid(1000).pw_name, "user")
expect("the user's home", pwd.getpwuid(1000).pw_dir, HOME)
expect("the working directory", os.getcwd(), HOME)
for link in ("/workspace", "/home/user", "/root"):
    expect(link, os.path.realpath(link), HOME)
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

# What root alone may do must not be lent to whoever executes a file, and no number but root's may own what a sandbox needs to read.
def look(path: str, status: os.stat_result) -> None:
    mode = status.st_mode
    if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
        problems.append(f"{path} is setuid or setgid: chmod ug-s {path}")
    needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    if 1000 in (status.st_uid, status.st_gid) and not stat.S_ISLNK(mode) and mode & needed != needed:
        problems.append(f"{path} can be read by uid 1000 alone, which no sandbox has: chmod o+rX {path}")


MOST_PROBLEMS = 20
device = os.stat("/").st_dev
rest = ["/"]
while rest and len(problems) < MOST_PROBLEMS:
    try:
        entries = list(os.scandir(rest.pop()))
    except PermissionError:
        continue
    for entry in entries:
        found = entry.stat(follow_symlinks=False)
        if found.st_dev == device:
            look(entry.path, found)
            if stat.S_ISDIR(found.st_mode):
                rest.append(entry.path)

# Without compiled files, on a read-only file system, each start would compile the library anew.
if not os.path.exists(importlib.util.cache_from_source(os.__file__)):
    problems.append("the standard library is not compiled")

for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
