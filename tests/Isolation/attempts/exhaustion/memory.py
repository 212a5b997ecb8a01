# The run dies of it, the sandbox does not.
data = []
while True:
    data.append(bytearray(32 << 20))
# --- next run
print("held")
