libc.shmctl(segment, 0, None)
print("removed")
