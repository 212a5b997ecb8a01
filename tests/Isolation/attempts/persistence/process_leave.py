import os
import socket
import time

reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("\0podflare-left-behind")
        listener.listen()
        os.write(writing, b"x")
        time.sleep(3_600)
    os._exit(0)
os.read(reading, 1)
print("left")
