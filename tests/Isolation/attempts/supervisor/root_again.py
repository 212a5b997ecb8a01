import os

tries = [lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.setgroups([0])]
for number, attempt in enumerate(tries):
    try:
        attempt()
        print(f"broken: attempt {number} has made this process root")
        break
    except PermissionError:
        pass
else:
    print("held")
