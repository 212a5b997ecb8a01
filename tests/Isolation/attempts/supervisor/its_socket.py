import os
import socket

try:
    os.listdir("/podflare/s")
    print("broken: the folder of the socket can be listed")
except PermissionError:
    try:
        socket.socket(socket.AF_UNIX).connect("/podflare/s/s")
        print("broken: the worker was called")
    except PermissionError:
        print("held")
