listener.close()
print("removed")
