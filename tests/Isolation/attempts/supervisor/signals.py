import os

for number in range(1, 65):
    try:
        os.kill(1, number)
        print(f"broken: signal {number} was sent to process 1")
        break
    except PermissionError:
        pass
else:
    print("held")
