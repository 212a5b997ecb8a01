import os

os.unlink("/dev/shm/podflare-neighbour")
print("removed")
