# A process that changes its id all the time must not outlive the interpreter.
import os
import time

if os.fork() == 0:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
    open("/tmp/survived", "w").close()
    os._exit(0)
time.sleep(0.2)
os._exit(3)
# --- next run
import os

others = []
for name in filter(str.isdigit, os.listdir("/proc")):
    try:
        if int(name) not in (1, os.getpid()) and open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[0] not in "ZX":
            others.append(name)
    except (FileNotFoundError, ProcessLookupError):
        pass
print(f"broken: {others} are still there" if others else "held")
