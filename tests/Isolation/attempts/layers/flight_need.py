import array
import os
import socket

here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
try:
    here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [os.open("/dev/null", os.O_RDONLY)]))])
    print("held")
except OSError as error:
    print(f"broken: a neighbour has taken all descriptors in flight ({error})")
