import fcntl
import os

pipes = []
try:
    while len(pipes) < 400:
        pipes.append(os.pipe())
        fcntl.fcntl(pipes[-1][1], 1031, 1 << 20)
except OSError:
    pass
print("taken", len(pipes))
