# Bytes as records of stderr and of results have them, with every marker wrong.
import os

for kind in range(16):
    os.write(1, os.urandom(16) + bytes([kind << 4 | 15, 255]) + b"x" * 5000 + b"\n")
print()
print("held")
