import fcntl
import os

reading, writing = os.pipe()
try:
    fcntl.fcntl(writing, 1031, 1 << 20)
    print("held" if fcntl.fcntl(writing, 1032) == 1 << 20 else "broken: a pipe is smaller than asked for")
except PermissionError:
    print("broken: a neighbour has taken all pipe buffers")
