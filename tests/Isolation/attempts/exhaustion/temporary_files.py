import errno

try:
    with open("/tmp/large", "wb") as file:
        while True:
            file.write(bytes(8 << 20))
except OSError as error:
    print("held" if error.errno == errno.ENOSPC else f"refused by something else: {error}")
