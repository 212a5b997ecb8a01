import os

os.unlink("/tmp/shared/private")
print("removed")
