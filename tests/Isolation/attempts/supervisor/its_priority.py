import os

try:
    os.setpriority(os.PRIO_PROCESS, 1, 19)
    print("broken: process 1 has the lowest priority")
except PermissionError:
    print("held")
