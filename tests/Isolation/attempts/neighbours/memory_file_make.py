with open("/dev/shm/podflare-neighbour", "w") as file:
    file.write("secret")
print("made")
