import os

descriptor = os.open("/tmp/shared/private", os.O_CREAT | os.O_WRONLY, 0o600)
os.write(descriptor, b"secret")
os.close(descriptor)
print("made")
