import socket

listener = socket.create_server(("127.0.0.1", 47_391))
print("made")
