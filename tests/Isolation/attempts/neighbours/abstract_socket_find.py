import socket

try:
    socket.socket(socket.AF_UNIX).connect("\0podflare-neighbour")
    print("broken: the socket of a neighbour accepts connections")
except ConnectionRefusedError:
    print("held")
