import os

print("broken: a neighbour's file in shared memory can be read" if os.path.exists("/dev/shm/podflare-neighbour") else "held")
