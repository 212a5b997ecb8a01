# What the interpreter got from the supervisor must not lead anywhere else.
import os

for name in os.listdir("/proc/self/fd"):
    try:
        target = os.readlink("/proc/self/fd/" + name)
    except FileNotFoundError:
        continue
    if target.startswith("/podflare/s") or target.startswith("/proc/1"):
        print(f"broken: descriptor {name} is {target}")
        break
else:
    print("held")
