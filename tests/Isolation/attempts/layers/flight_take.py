import array
import os
import socket

null = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 250)
pairs, taken = [], 0
try:
    while taken < 30_000:
        pairs.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        pairs[-1][0].setblocking(False)
        try:
            while taken < 30_000:
                pairs[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, null)])
                taken += len(null)
        except BlockingIOError:
            pass
except OSError as error:
    print(error)
print("taken", taken)
