for folder in ("/root", "/tmp", "/dev/shm"):
    with open(f"{folder}/left-behind", "w") as file:
        file.write("secret")
print("left")
