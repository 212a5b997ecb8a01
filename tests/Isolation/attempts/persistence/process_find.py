import socket

try:
    socket.socket(socket.AF_UNIX).connect("\0podflare-left-behind")
    print("broken: a process of an earlier sandbox answers")
except ConnectionRefusedError:
    print("held")
