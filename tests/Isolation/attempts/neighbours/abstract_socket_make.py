import socket

listener = socket.socket(socket.AF_UNIX)
listener.bind("\0podflare-neighbour")
listener.listen()
print("made")
