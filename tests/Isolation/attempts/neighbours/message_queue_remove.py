libc.msgctl(queue, 0, None)
print("removed")
