libc.semctl(semaphore, 0, 0)
print("removed")
