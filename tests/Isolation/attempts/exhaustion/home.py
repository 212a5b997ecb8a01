import errno

try:
    with open("/root/large", "wb") as file:
        while True:
            file.write(bytes(8 << 20))
except OSError as error:
    full = error.errno == errno.ENOSPC
# --- next run
print("held" if full else "broken: the home has no end")
