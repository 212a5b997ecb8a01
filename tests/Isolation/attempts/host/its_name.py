import socket

print("held" if socket.gethostname() == "sandbox" else f"broken: the name is {socket.gethostname()}")
