import os
import time

for _ in range(100):
    if os.fork() == 0:
        data = bytearray(16 << 20)
        data[::4096] = b"x" * len(data[::4096])
        time.sleep(30)
time.sleep(3)
# --- next run
print("held")
