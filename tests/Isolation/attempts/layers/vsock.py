import errno
import socket

try:
    socket.socket(40, socket.SOCK_STREAM)
    print("broken: a vsock was created, which reaches the host of a virtual machine from any namespace")
except OSError as error:
    print("held" if error.errno == errno.EPERM else f"refused by something else: {error}")
