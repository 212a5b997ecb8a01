import socket

try:
    socket.create_connection(("127.0.0.1", 47_391), 5)
    print("broken: the port of a neighbour accepts connections")
except ConnectionRefusedError:
    print("held")
