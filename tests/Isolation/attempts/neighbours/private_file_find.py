try:
    print(f"broken: a neighbour's private file says {open('/tmp/shared/private').read()}")
except PermissionError:
    print("held")
